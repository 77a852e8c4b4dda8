// SPDX-License-Identifier: MIT
#include "heap/large.h"

#include "cache/thread_cache.h"
#include "layout/superslab.h"
#include "os/marking.h"
#include "os/page_memory.h"
#include "os/topology.h"
#include "slab/misuse.h"

#include <algorithm>
#include <atomic>
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

// What the descriptor of a large block's first page holds. A program that uses a block in two threads at one
// time, which is an error, reads it while it is written.
struct Extent {
    std::atomic<std::uint32_t> pages;
    std::atomic<std::uint32_t> mark;
    std::atomic<std::uint32_t> number;
};
// Remains when the block is released. A slab's descriptor has an address there, which is never as large.
constexpr std::uint32_t kMark = 0xb10cb10c;
static_assert(sizeof(Extent) <= layout::kSlabDescriptorSize && offsetof(Extent, pages) == kOffsetOfPages);

Extent& extent_of(Page first) {
    return *reinterpret_cast<Extent*>(window.slab_descriptors.start() + first * layout::kSlabDescriptorSize);
}

std::size_t pages_of(Page first) {
    return extent_of(first).pages.load(std::memory_order_relaxed);
}
void set_pages(Page first, std::size_t pages) {
    extent_of(first).pages.store(static_cast<std::uint32_t>(pages), std::memory_order_relaxed);
}

constexpr std::size_t pages_for(std::size_t size) {
    return (size + kPageSize - 1) / kPageSize;
}

// `kept`: from what the thread keeps, where it counts already.
Block begin(Run run, std::size_t pages, bool kept = false) {
    if (run.first == 0) return {};
    if (!kept) superslabs.note_large(static_cast<std::ptrdiff_t>(pages));
    set_pages(run.first, pages);
    extent_of(run.first).mark.store(kMark, std::memory_order_relaxed);
    extent_of(run.first).number.store(0, std::memory_order_relaxed);
    window.publish_header(run.first, kHeader);
    os::mark_used(window.address_of(run.first), pages * kPageSize);
    return {window.address_of(run.first), run.zero};
}

// Of a page where no block starts.
constexpr PageHeader kNoBlock = layout::kUnused;

// Takes the block from the program, before anything about it is read or changed. Of threads that release or
// resize it at one time one gets it, and the others are told.
void claim(Page first) {
    if (window.replace_header(first, kHeader, kNoBlock)) return;
    os::Message message;
    message.text("double free of ").address(window.address_of(first));
    message.text(": a large block that another thread frees or reallocates at this moment");
    slab::report(message, slab::Found::kInTheCall);
}
// Gives the program a claimed block back.
void hand_back(Page first) {
    window.publish_header(first, kHeader);
}

// Of a claimed block. Its pages are the caller's then. They count as long as they are not given back, kept or
// not.
std::size_t end(Page first) {
    const std::size_t pages = pages_of(first);
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
    superslabs.give_untouched(run.first, before, run.zero);
    superslabs.give_untouched(static_cast<Page>(run.first + before + pages), multiple - 1 - before, run.zero);
    run.first += before;
    return run;
}

// Makes a claimed block longer or shorter where it is; false if what it wants is not free.
bool resize_claimed(Page first, std::size_t pages) {
    const std::size_t old_pages = pages_of(first);
    if (pages > old_pages &&
        superslabs.take_at(static_cast<Page>(first + old_pages), pages - old_pages).first == 0) {
        return false;
    }
    set_pages(first, pages);
    if (pages > old_pages) superslabs.note_large(static_cast<std::ptrdiff_t>(pages - old_pages));
    char* const changed = window.address_of(static_cast<Page>(first + std::min(pages, old_pages)));
    if (pages > old_pages) os::mark_used(changed, (pages - old_pages) * kPageSize);
    if (pages < old_pages) {
        os::mark_free(changed, (old_pages - pages) * kPageSize);
        give(static_cast<Page>(first + pages), old_pages - pages);
    }
    return true;
}

// Moves the pages of a claimed block under a longer one; null if that cannot be done.
void* move_claimed(Page from, std::size_t pages) {
    const std::size_t old_pages = pages_of(from);
    // Its memory stays where it is.
    const Run to = superslabs.take_with_room(pages, old_pages, superslabs.node_of(from));
    if (to.first == 0) return nullptr;
    const os::Change result = superslabs.move(from, to.first, old_pages);
    if (result != os::Change::kDone) {
        if (result == os::Change::kRefused) { // which may have cost the pages their advice
            to.zero ? superslabs.give_clean(to.first, pages) : superslabs.give(to.first, pages);
        }
        return nullptr;
    }
    end(from);
    superslabs.note_large(-static_cast<std::ptrdiff_t>(old_pages));
    superslabs.give_clean(from, old_pages);
    return begin(to, pages).start;
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
    const Run run = take(pages, multiple, want);
    superslabs.purge_if_due();
    return begin(run, pages);
}

Block allocate_growing(std::size_t size) {
    const std::size_t pages = pages_for(size);
    if (pages >= window.end_page) return {};
    const Run run = superslabs.take_with_room(pages, 0, os::current_node());
    superslabs.purge_if_due();
    return begin(run, pages);
}

std::uint32_t release(void* block) {
    const Page first = window.page_of(block);
    claim(first);
    const std::uint32_t number = number_of(block);
    const std::size_t pages = end(first);
    if (cache::keep_run(first, pages)) return number;
    give(first, pages);
    cache::look_after_release();
    return number;
}

std::size_t usable_size(const void* block) {
    return pages_of(window.page_of(block)) * kPageSize;
}

std::uint32_t number_of(const void* block) {
    return extent_of(window.page_of(block)).number.load(std::memory_order_relaxed);
}

void set_number(void* block, std::uint32_t number) {
    extent_of(window.page_of(block)).number.store(number, std::memory_order_relaxed);
}

const char* block_around(const void* address) {
    const Page asked = window.page_of(address);
    Page first = asked;
    while (first > window.first_page && window.header(first) == kNoBlock)
        --first;
    return window.header(first) == kHeader && asked - first < pages_of(first) ? window.address_of(first)
                                                                              : nullptr;
}

bool was_block(const void* address) {
    const Page page = window.page_of(address);
    return layout::is_page_start(address) && window.header(page) == kNoBlock &&
           (page + std::size_t{1}) * layout::kSlabDescriptorSize <= window.slab_descriptors.committed() &&
           extent_of(page).mark.load(std::memory_order_relaxed) == kMark;
}

bool resize_in_place(void* block, std::size_t size) {
    const Page first = window.page_of(block);
    const std::size_t pages = std::max<std::size_t>(pages_for(size), 1);
    if (pages >= window.end_page) return false;
    if (pages == pages_of(first)) return true;
    claim(first);
    const bool done = resize_claimed(first, pages);
    hand_back(first);
    superslabs.purge_if_due();
    return done;
}

bool should_move(const void* block, std::size_t size) {
    const std::size_t old_pages = pages_of(window.page_of(block));
    const std::size_t pages = pages_for(size);
    return old_pages >= layout::PageMap::kLeastPagesToMove && pages > old_pages && pages < window.end_page;
}

void* resize_by_moving(void* block, std::size_t size) {
    if (!should_move(block, size)) return nullptr;
    const Page first = window.page_of(block);
    claim(first);
    void* const moved = move_claimed(first, pages_for(size));
    if (moved == nullptr) hand_back(first);
    return moved;
}

} // namespace ashlar::heap::large
