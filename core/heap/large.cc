// SPDX-License-Identifier: MIT
#include "heap/large.h"

#include "cache/thread_cache.h"
#include "layout/superslab.h"
#include "os/marking.h"
#include "os/page_memory.h"
#include "os/topology.h"

#include <algorithm>
#include <cstdint>

namespace ashlar::heap::large {

namespace {

using layout::kPageSize;
using layout::Page;
using layout::PageHeader;
using layout::Run;
using layout::Superslabs;
using layout::superslabs;
using layout::window;

// What the descriptor of a large block's first page holds.
struct Extent {
    std::uint32_t pages;
};
static_assert(sizeof(Extent) <= layout::kSlabDescriptorSize);

Extent& extent_of(Page first) {
    return *reinterpret_cast<Extent*>(window.slab_descriptors.start() + first * layout::kSlabDescriptorSize);
}

constexpr std::size_t pages_for(std::size_t size) {
    return (size + kPageSize - 1) / kPageSize;
}

void give_back(Page first, std::size_t pages, bool zero) {
    if (pages == 0) return;
    if (zero) {
        superslabs.give_clean(first, pages);
    } else {
        superslabs.give(first, pages);
    }
}

// `kept`: from what the thread keeps, where it counts already.
Block begin(Run run, std::size_t pages, bool kept = false) {
    if (run.first == 0) return {};
    if (!kept) superslabs.note_large(static_cast<std::ptrdiff_t>(pages));
    extent_of(run.first) = {static_cast<std::uint32_t>(pages)};
    window.set_headers(run.first, 1, kHeader);
    os::mark_used(window.address_of(run.first), pages * kPageSize);
    return {window.address_of(run.first), run.zero};
}

// Its pages are the caller's then. They count as long as they are not given back, kept or not.
std::size_t end(Page first) {
    const std::size_t pages = extent_of(first).pages;
    window.set_headers(first, 1, PageHeader{});
    os::mark_free(window.address_of(first), pages * kPageSize);
    return pages;
}

void give(Page first, std::size_t pages) {
    superslabs.note_large(-static_cast<std::ptrdiff_t>(pages));
    superslabs.give(first, pages);
}

// A run of `pages` whose first page is a multiple of `multiple` pages in memory.
Run take(std::size_t pages, std::size_t multiple, Superslabs::Want want) {
    const os::Node node = os::current_node();
    if (multiple == 1) return superslabs.take(pages, want, node);
    Run run = superslabs.take(pages + multiple - 1, Superslabs::Want::kAny, node);
    if (run.first == 0) return run;
    const std::uintptr_t start = reinterpret_cast<std::uintptr_t>(window.address_of(run.first)) / kPageSize;
    const auto before = static_cast<Page>((multiple - start % multiple) % multiple);
    give_back(run.first, before, run.zero);
    give_back(static_cast<Page>(run.first + before + pages), multiple - 1 - before, run.zero);
    run.first += before;
    return run;
}

} // namespace

Block allocate(std::size_t size, std::size_t alignment, Contents contents) {
    const std::size_t pages = std::max<std::size_t>(pages_for(size), 1);
    const std::size_t multiple = std::max<std::size_t>(alignment / kPageSize, 1);
    // Beyond the window, and with it all overflow of what follows.
    if (pages >= window.end_page || multiple >= window.end_page) return {};
    if (contents == Contents::kAny && multiple == 1) {
        if (const Page recent = cache::take_run(pages)) return begin({recent, false}, pages, true);
    }
    cache::look_after_allocation();
    const auto want = contents == Contents::kAny ? Superslabs::Want::kWarm : Superslabs::Want::kAny;
    return begin(take(pages, multiple, want), pages);
}

Block allocate_growing(std::size_t size) {
    const std::size_t pages = pages_for(size);
    if (pages >= window.end_page) return {};
    return begin(superslabs.take_with_room(pages, 0, os::current_node()), pages);
}

void release(void* block) {
    const Page first = window.page_of(block);
    const std::size_t pages = end(first);
    if (cache::keep_run(first, pages)) return;
    give(first, pages);
    cache::look_after_release();
}

std::size_t usable_size(const void* block) {
    return extent_of(window.page_of(block)).pages * kPageSize;
}

bool resize_in_place(void* block, std::size_t size) {
    const Page first = window.page_of(block);
    const std::size_t old_pages = extent_of(first).pages;
    const std::size_t pages = std::max<std::size_t>(pages_for(size), 1);
    if (pages >= window.end_page) return false;
    if (pages > old_pages &&
        superslabs.take_at(static_cast<Page>(first + old_pages), pages - old_pages).first == 0) {
        return false;
    }
    extent_of(first).pages = static_cast<std::uint32_t>(pages);
    if (pages > old_pages) superslabs.note_large(static_cast<std::ptrdiff_t>(pages - old_pages));
    char* const changed = window.address_of(static_cast<Page>(first + std::min(pages, old_pages)));
    if (pages > old_pages) os::mark_used(changed, (pages - old_pages) * kPageSize);
    if (pages < old_pages) {
        os::mark_free(changed, (old_pages - pages) * kPageSize);
        give(static_cast<Page>(first + pages), old_pages - pages);
    }
    return true;
}

void* resize_by_moving(void* block, std::size_t size) {
    const Page from = window.page_of(block);
    const std::size_t old_pages = extent_of(from).pages;
    const std::size_t pages = pages_for(size);
    if (old_pages < layout::PageMap::kLeastPagesToMove || pages <= old_pages || pages >= window.end_page) {
        return nullptr;
    }
    // Its memory stays where it is.
    const Run to = superslabs.take_with_room(pages, old_pages, superslabs.node_of(from));
    if (to.first == 0) return nullptr;
    const os::Change result = superslabs.move(from, to.first, old_pages);
    if (result != os::Change::kDone) {
        if (result == os::Change::kRefused) give_back(to.first, pages, to.zero);
        return nullptr;
    }
    end(from);
    superslabs.note_large(-static_cast<std::ptrdiff_t>(old_pages));
    superslabs.give_clean(from, old_pages);
    return begin(to, pages).start;
}

} // namespace ashlar::heap::large
