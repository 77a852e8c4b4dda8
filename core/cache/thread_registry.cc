// SPDX-License-Identifier: MIT
#include "cache/thread_registry.h"

#include "layout/superslab.h"
#include "os/page_memory.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ashlar::cache {

constinit ThreadRegistry thread_registry;

ThreadCache& ThreadRegistry::cache(unsigned number) {
    return *reinterpret_cast<ThreadCache*>(layout::window.threads.start() + number * kCacheSize);
}

unsigned ThreadRegistry::lowest_free() const {
    for (unsigned word = full_words_; word < used_caches_.size(); ++word) {
        if (used_caches_[word] != ~std::uint64_t{0}) {
            return word * kWordBits + static_cast<unsigned>(std::countr_one(used_caches_[word]));
        }
    }
    return kMaxThreads;
}

void ThreadRegistry::set(unsigned number, bool used, bool kept) {
    const std::uint64_t bit = std::uint64_t{1} << (number % kWordBits);
    const auto change = [bit](std::uint64_t& word, bool to) { word = to ? word | bit : word & ~bit; };
    change(used_caches_[number / kWordBits], used);
    change(kept_caches_[number / kWordBits], kept);
}

void ThreadRegistry::count_full_words() {
    while (full_words_ < used_caches_.size() && used_caches_[full_words_] == ~std::uint64_t{0})
        ++full_words_;
}

void ThreadRegistry::use(unsigned number) {
    const unsigned word = number / kWordBits;
    const std::uint64_t bit = std::uint64_t{1} << (number % kWordBits);
    if ((kept_caches_[word] & bit) != 0) --kept_;
    set(number, true, false);
    count_full_words();
    ever_used_ = std::max(ever_used_, number + 1);
}

void ThreadRegistry::retire(unsigned number) {
    cache(number).owner = nullptr;
    full_words_ = std::min(full_words_, number / kWordBits);
    const bool shares_a_page = kCacheSize % os::page_size() != 0;
    const bool keeps = kept_ < kKeptCaches || shares_a_page;
    set(number, false, keeps);
    if (keeps) {
        ++kept_;
    } else {
        os::purge(&cache(number), kCacheSize);
    }
}

// Adds the cache's counts to those of ended threads, and resets them for the next thread.
void ThreadRegistry::take_counts(ThreadCache& cache) {
    const auto take = [](auto& count, std::atomic<std::uint64_t>& sum) {
        sum.fetch_add(count.load(std::memory_order_relaxed), std::memory_order_relaxed);
        count.store(0, std::memory_order_relaxed);
    };
    cache.for_each_counted([&](layout::SizeClass c, Counts& counts) {
        take(counts.refills, ended[c].refills);
        take(counts.flushes, ended[c].flushes);
        take(counts.remote_frees, ended[c].remote_frees);
        take(counts.allocations, ended[c].allocations);
        take(counts.releases, ended[c].releases);
    });
    for (std::atomic<std::uint64_t>& word : cache.counted)
        word.store(0, std::memory_order_relaxed);
    take(cache.refill_ticks, ended_refill_ticks);
}

ThreadCache* ThreadRegistry::add(PointerStacks& owner) {
    const os::Guard guard(mutex_);
    const unsigned number = lowest_free();
    if (number == kMaxThreads || !layout::window.threads.grow_to((number + 1) * kCacheSize)) return nullptr;
    use(number);
    live_.store(live() + 1, std::memory_order_relaxed);
    ThreadCache& added = cache(number);
    // Statistics may read the capacities before arrays exist. The arrays of the previous owner are gone.
    for (ClassState& state : added.classes)
        state.capacity.store(0, std::memory_order_relaxed);
    added.for_each_counted([](layout::SizeClass, Counts& counts) {
        counts.drained_below = 0;
        counts.drained_above = 0;
    });
    added.drained = false;
    added.runs.reset();
    added.still = 0;
    added.still_since = 0;
    added.owner = &owner;
    owner.set_cache(&added);
    return &added;
}

void ThreadRegistry::remove(ThreadCache& removed) {
    const os::Guard guard(mutex_);
    take_counts(removed);
    const auto number = static_cast<unsigned>(
        (reinterpret_cast<std::uintptr_t>(&removed) - layout::window.threads.start()) / kCacheSize);
    if (!is_left(number)) live_.store(live() - 1, std::memory_order_relaxed);
    retire(number);
}

// Frees the caches [begin, end). Purged pages read zero, which marks a cache as free.
void ThreadRegistry::drop(unsigned begin, unsigned end) {
    const Caches whole = in_own_pages(begin, end, os::page_size());
    const bool purged =
        whole.begin < whole.end && os::purge(&cache(whole.begin), (whole.end - whole.begin) * kCacheSize);
    for (unsigned i = begin; i < end; ++i) {
        if (!purged || i < whole.begin || i >= whole.end) cache(i).owner = nullptr;
    }
}

void ThreadRegistry::forget_others(const PointerStacks& survivor, Keep keep) {
    const unsigned end = ever_used_;
    unsigned dropped = 0; // begin of the caches to be dropped
    std::size_t lost_slices = 0;
    bool survives = false;
    for (unsigned i = 0; i < end; ++i) {
        ThreadCache& each = cache(i);
        const bool live = is_live(i);
        const bool own = live && each.owner == &survivor;
        const bool left = is_left(i) || (live && !own && keep != nullptr && keep(each));
        if (live && !own && !left) lost_slices += each.runs.slices();
        set(i, own || left, left);
        survives |= own;
        if (!own && !left) continue;
        drop(dropped, i);
        dropped = i + 1;
    }
    drop(dropped, end);
    layout::superslabs.note_large(-static_cast<std::ptrdiff_t>(lost_slices));
    ever_used_ = dropped;
    kept_ = 0;
    full_words_ = 0;
    count_full_words();
    live_.store(survives ? 1 : 0, std::memory_order_relaxed);
}

} // namespace ashlar::cache
