// SPDX-License-Identifier: MIT
#include "blocks.h"

#include "cache/drain.h"
#include "cache/thread_cache.h"
#include "cache/thread_registry.h"
#include "heap/heap.h"
#include "layout/metadata_pool.h"
#include "layout/superslab.h"
#include "os/system_call.h"
#include "slab/supply.h"

#include <ashlar/ashlar.h>

#include <algorithm>
#include <climits>
#include <linux/futex.h>
#include <sys/syscall.h>

namespace schedules {

namespace {

using namespace ashlar; // NOLINT(google-build-using-namespace): the code under test

constexpr std::size_t kSystemPage = 4096;
constexpr std::size_t kMostPages = 16;

template <typename Visit>
void for_each_marked_word(char* block, std::size_t size, Visit visit) {
    for (std::size_t at = 0; at < size; at += std::max(kSystemPage, size / kMostPages))
        visit(*reinterpret_cast<std::uint64_t*>(block + at));
    visit(*reinterpret_cast<std::uint64_t*>(block + size - sizeof(std::uint64_t)));
}

template <typename AnyMutex>
void require_free(AnyMutex& mutex) {
    const os::Guard guard(mutex); // waiting would end the run: no other actor is left
}

void require_locks_free() {
    require_free(heap::opening_mutex());
    require_free(cache::drain_mutex());
    require_free(cache::thread_registry.mutex());
    require_free(slab::shard_pool.mutex());
    slab::shard_pool.for_each_bin([](layout::SliceHeader, slab::Bin& bin) { require_free(bin.mutex()); });
    slab::for_each_mixed([](slab::MixedSlabs& mixed) {
        require_free(mixed.mutex());
        require(mixed.bytes_out() == 0, "mixed slabs count blocks as given out that were given back");
    });
    require_free(layout::superslabs.growth_mutex());
    require_free(layout::superslabs.mutex());
    require_free(layout::metadata_pool.mutex());
}

} // namespace

void mark(void* block, std::size_t size, std::uint64_t key) {
    for_each_marked_word(static_cast<char*>(block), size, [key](std::uint64_t& word) { word = key; });
}

void require_marked(const void* block, std::size_t size, std::uint64_t key) {
    for_each_marked_word(static_cast<char*>(const_cast<void*>(block)), size,
                         [key](const std::uint64_t& word) {
                             require(word == key, "a block does not hold what was written into it");
                         });
}

void* take(std::size_t size, std::uint64_t key) {
    void* const block = ashlar_malloc(size);
    require(block != nullptr, "no memory for a block");
    mark(block, size, key);
    return block;
}

void give(void* block, std::size_t size, std::uint64_t key) {
    require_marked(block, size, key);
    ashlar_free(block);
}

void Event::signal() {
    happened_.store(1, std::memory_order_release);
    os::system_call(SYS_futex, &happened_, FUTEX_WAKE_PRIVATE, INT_MAX);
}

void Event::wait() {
    while (happened_.load(std::memory_order_acquire) == 0)
        os::system_call(SYS_futex, &happened_, FUTEX_WAIT_PRIVATE, 0, nullptr);
}

void require_empty_heap() {
    require_locks_free();
    require(cache::thread_registry.live() == 1, "the caches of ended threads are not gone");
    cache::flush();
    slab::shard_pool.for_each_bin([](layout::SliceHeader, slab::Bin& bin) {
        bin.trim();
        require(bin.blocks_out() == 0, "a bin counts blocks as given out that were given back");
    });
    layout::superslabs.purge_all();
    require(layout::superslabs.slices_in_use() == 0, "slices are in use though every block was given back");
    require(layout::superslabs.dirty_slices() == 0, "slices are dirty though all were purged");
    require_locks_free();
}

} // namespace schedules
