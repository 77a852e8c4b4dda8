// SPDX-License-Identifier: MIT
#include "heap/large.h"

#include "layout/superslab.h"
#include "os/page_memory.h"

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace ashlar::heap::large {

namespace {

using layout::kPageSize;
using layout::Page;
using layout::PageHeader;
using layout::Run;
using layout::superslabs;
using layout::window;

// What the descriptor of a large block's first page holds.
struct Extent {
    std::uint32_t pages;
    bool moved; // in a mapping of its own
};
static_assert(sizeof(Extent) <= layout::kSlabDescriptorSize);

// Longer blocks start with a superslab: the kernel moves whole page tables then.
constexpr std::size_t kLeastPagesToMove = layout::kPagesPerSuperslab + 1;
// A process may have some 65 thousand mappings, and a moved block makes up to two more of one.
constexpr std::size_t kMostMoved = 1000;

constinit std::atomic<std::size_t> pages_allocated{0};
constinit std::atomic<std::size_t> blocks_moved{0};

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

// Likewise of a part of a block, which is dirty; it loses the mapping of its own if it had one.
void give_part(Page first, std::size_t pages, bool moved) {
    give_back(first, pages, moved && pages != 0 && os::renew(window.address_of(first), pages * kPageSize));
}

void* begin(Page first, Extent extent) {
    extent_of(first) = extent;
    window.set_headers(first, 1, kHeader);
    pages_allocated.fetch_add(extent.pages, std::memory_order_relaxed);
    if (extent.moved) blocks_moved.fetch_add(1, std::memory_order_relaxed);
    return window.address_of(first);
}

Extent end(Page first) {
    const Extent extent = extent_of(first);
    window.set_headers(first, 1, PageHeader{});
    pages_allocated.fetch_sub(extent.pages, std::memory_order_relaxed);
    if (extent.moved) blocks_moved.fetch_sub(1, std::memory_order_relaxed);
    return extent;
}

// A run of `pages` whose first page is a multiple of `multiple` pages in memory.
Run take(std::size_t pages, std::size_t multiple) {
    Run run = superslabs.take(pages + multiple - 1);
    if (run.first == 0 || multiple == 1) return run;
    const std::uintptr_t start = reinterpret_cast<std::uintptr_t>(window.address_of(run.first)) / kPageSize;
    const auto before = static_cast<Page>((multiple - start % multiple) % multiple);
    give_back(run.first, before, run.zero);
    give_back(static_cast<Page>(run.first + before + pages), multiple - 1 - before, run.zero);
    run.first += before;
    return run;
}

} // namespace

Block allocate(std::size_t size, std::size_t alignment) {
    const std::size_t pages = std::max<std::size_t>(pages_for(size), 1);
    const std::size_t multiple = std::max<std::size_t>(alignment / kPageSize, 1);
    // Beyond the window, and with it all overflow of what follows.
    if (pages >= window.end_page || multiple >= window.end_page) return {};
    const Run run = take(pages, multiple);
    if (run.first == 0) return {};
    return {begin(run.first, {static_cast<std::uint32_t>(pages), false}), run.zero};
}

void release(void* block) {
    const Page first = window.page_of(block);
    const Extent extent = end(first);
    give_part(first, extent.pages, extent.moved);
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
    pages_allocated.fetch_add(pages - old_pages, std::memory_order_relaxed);
    if (pages < old_pages) {
        give_part(static_cast<Page>(first + pages), old_pages - pages, extent_of(first).moved);
    }
    return true;
}

void* resize_by_moving(void* block, std::size_t size) {
    const Page from = window.page_of(block);
    const std::size_t old_pages = extent_of(from).pages;
    const std::size_t pages = pages_for(size);
    if (old_pages < kLeastPagesToMove || pages <= old_pages || pages >= window.end_page ||
        blocks_moved.load(std::memory_order_relaxed) >= kMostMoved) {
        return nullptr;
    }
    const Run to = superslabs.take(pages);
    if (to.first == 0) return nullptr;
    const os::Move move = os::move_pages(block, window.address_of(to.first), old_pages * kPageSize);
    if (move != os::Move::kDone) {
        if (move == os::Move::kRefused) give_back(to.first, pages, to.zero);
        return nullptr;
    }
    const bool moved_before = end(from).moved;
    if (moved_before) os::renew(block, old_pages * kPageSize);
    superslabs.give_clean(from, old_pages);
    return begin(to.first, {static_cast<std::uint32_t>(pages), true});
}

std::size_t allocated_bytes() {
    return pages_allocated.load(std::memory_order_relaxed) * kPageSize;
}

} // namespace ashlar::heap::large
