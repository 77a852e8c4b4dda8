// SPDX-License-Identifier: MIT
//
// The table of thread caches. A new thread gets the lowest free entry.
// An entry has two pages. They hold what the slow paths know of each class, and for each class its counts and
// its first, shallow array. So a thread that uses one small class touches one page. Up to 64 caches of ended
// threads are kept for new threads. The memory of further ones is purged, so a burst of threads leaves
// nothing behind.
#pragma once

#include "cache/kept_runs.h"
#include "cache/pointer_stacks.h"
#include "os/mutex.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace ashlar::observe {
struct Tables;
}

namespace ashlar::cache {

enum class Event : std::uint8_t { kNone, kStarted, kRefill, kFlush };

struct ClassState {
    std::atomic<std::uint16_t> capacity{0}; // of the array; statistics read it
    Event last = Event::kNone;              // last event of a slow path; kStarted: a first refill
    std::uint32_t last_call = 0;            // ThreadCache::slow_calls at the class's last slow call
};

// Entries of a class's first array: 14, fewer for large blocks.
inline constexpr std::size_t kBytesAtFirst = 32 * 1024; // bytes of blocks
inline constexpr auto kFirstDepth = [] {
    std::array<std::uint8_t, layout::kClasses> depth{};
    for (unsigned c = 1; c < layout::kClasses; ++c) {
        const std::size_t size = layout::class_size(static_cast<layout::SizeClass>(c));
        depth[c] = static_cast<std::uint8_t>(std::clamp<std::size_t>(kBytesAtFirst / size, 2, 14));
    }
    return depth;
}();
constexpr std::size_t first_depth(layout::SizeClass c) {
    return kFirstDepth[c];
}

// Counts of a thread's slow paths for one class. The owner writes, other threads may read. A count wraps
// around at 2^32, and `ended` below then gets 2^32 more.
struct Counts {
    std::atomic<std::uint32_t> refills{0};
    std::atomic<std::uint32_t> flushes{0};      // batches returned to slabs
    std::atomic<std::uint32_t> remote_frees{0}; // blocks returned to another shard
    std::atomic<std::uint32_t> allocations{0};  // with the setting `count`
    std::atomic<std::uint32_t> releases{0};     // with the setting `count`
    // Drained entries at both ends of the array, which hold nothing. ClassState::capacity excludes them.
    std::uint16_t drained_below = 0;
    std::uint16_t drained_above = 0;
};

// Counts of threads that have ended.
struct EndedCounts {
    std::atomic<std::uint64_t> refills{0};
    std::atomic<std::uint64_t> flushes{0};
    std::atomic<std::uint64_t> remote_frees{0};
    std::atomic<std::uint64_t> allocations{0};
    std::atomic<std::uint64_t> releases{0};
};

struct ThreadCache {
    PointerStacks* owner;                 // null while the cache is free
    std::atomic<std::size_t> stack_bytes; // capacity of the stacks in bytes of blocks
    std::atomic<std::uint32_t> slow_calls;
    std::uint32_t round;    // last decay round that this thread handled
    std::uint32_t looked;   // slow_calls at that time
    std::uint32_t idle;     // `looked` of the round before; classes without a slow call since are idle
    std::uint32_t failed;   // slow_calls when no class had depth to spare
    std::uint8_t next_idle; // next class to check; 0: all were checked
    std::uint8_t still; // looks of the background thread that found `still_since` unchanged; under the lock
    std::uint32_t still_since;
    KeptRuns runs;
    bool runs_used;                          // since the last decay round
    bool drained;                            // since the thread's last slow path
    bool end_arranged;                       // the C library will report the thread's end
    std::atomic<std::uint64_t> refill_ticks; // time spent in refills, in os::ticks()
    // Bit c % 64 of word c / 64: class c has counts that are not 0.
    std::array<std::atomic<std::uint64_t>, (layout::kClasses + 63) / 64> counted;
    std::array<ClassState, layout::kClasses> classes;

    // Counts and first array of a class, behind the structure. Touched only when the class is used.
    Counts& counts(layout::SizeClass c) { return *static_cast<Counts*>(at(c)); }
    void** first_slots(layout::SizeClass c) { return reinterpret_cast<void**>(&counts(c) + 1); }
    static constexpr std::size_t offset_of_counts(layout::SizeClass c);

    bool has_counted(layout::SizeClass c) const {
        return (counted[c / 64U].load(std::memory_order_relaxed) >> (c % 64U) & 1U) != 0;
    }
    // Calls visit(class, counts) for classes with counts that are not 0.
    template <typename Visit>
    void for_each_counted(Visit visit) {
        for (unsigned word = 0; word < counted.size(); ++word) {
            std::uint64_t rest = counted[word].load(std::memory_order_relaxed);
            for (; rest != 0; rest &= rest - 1) {
                const auto c =
                    static_cast<layout::SizeClass>(word * 64 + static_cast<unsigned>(std::countr_zero(rest)));
                visit(c, counts(c));
            }
        }
    }

    // Adds bytes of blocks; a wrapped negative value subtracts.
    void add_stack_bytes(std::size_t more) {
        stack_bytes.store(stack_bytes.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
    }
    bool holds_nothing() const {
        return stack_bytes.load(std::memory_order_relaxed) == 0 && runs.slices() == 0;
    }

  private:
    void* at(layout::SizeClass c) { return reinterpret_cast<char*>(this) + offset_of_counts(c); }
};

namespace detail {
inline constexpr auto kCountsOffsets = [] {
    std::array<std::uint16_t, layout::kClasses + 1> offsets{};
    std::size_t next = (sizeof(ThreadCache) + 15) / 16 * 16;
    for (unsigned c = 1; c <= layout::kClasses; ++c) {
        offsets[c] = static_cast<std::uint16_t>(next);
        if (c == layout::kClasses) break;
        next += sizeof(Counts) + first_depth(static_cast<layout::SizeClass>(c)) * sizeof(void*);
    }
    return offsets;
}();
} // namespace detail

constexpr std::size_t ThreadCache::offset_of_counts(layout::SizeClass c) {
    return detail::kCountsOffsets[c];
}

class ThreadRegistry {
  public:
    // Returns a cache for `owner`, or null if the table is full or there is no memory.
    ThreadCache* add(PointerStacks& owner);
    void remove(ThreadCache& cache);

    // Calls visit(cache) for every live cache, under the lock.
    template <typename Visit>
    void for_each(Visit visit) {
        const os::Guard guard(mutex_);
        for (unsigned i = 0; i < ever_used_; ++i) {
            if (is_live(i)) visit(cache(i));
        }
    }

    // Calls visit(cache) for live caches from number `next` on, until it returns false. Sets `next` to the
    // number behind the last one, or to 0 at the end. Calls finish() before it releases the lock.
    template <typename Visit, typename Finish>
    void for_each_from(unsigned& next, Visit visit, Finish finish) {
        const os::Guard guard(mutex_);
        bool more = true;
        while (more && next < ever_used_) {
            const unsigned number = next++;
            more = !is_live(number) || visit(cache(number));
        }
        if (more) next = 0;
        finish();
    }

    std::size_t live() const { return live_.load(std::memory_order_relaxed); }

    // Counts of ended threads. A total over all threads needs the lock, as for_each() holds it.
    std::array<EndedCounts, layout::kClasses> ended;
    std::atomic<std::uint64_t> ended_refill_ticks{0};

    // Forgets all caches except the survivor's, in a forked child. The survivor may have none. Caches for
    // which keep(cache) is true become *left*: only their keeper sees them, until it removes them. The
    // contents of the others are lost to the child.
    using Keep = bool (*)(ThreadCache& cache);
    void forget_others(const PointerStacks& survivor, Keep keep);

    os::Mutex<os::Rank::kThreads>& mutex() { return mutex_; }

    // The caches of [begin, end) that lie in pages no other cache shares.
    struct Caches {
        unsigned begin;
        unsigned end; // not above `begin` if there are none
    };
    static Caches in_own_pages(unsigned begin, unsigned end, std::size_t page_size) {
        const auto in_page = static_cast<unsigned>(page_size > kCacheSize ? page_size / kCacheSize : 1);
        return {(begin + in_page - 1) / in_page * in_page, end / in_page * in_page};
    }

  private:
    friend struct observe::Tables; // publishes member offsets to other processes
    static constexpr std::size_t kCacheSize = 8192;
    static_assert(detail::kCountsOffsets[layout::kClasses] <= kCacheSize);
    static constexpr unsigned kMaxThreads = 65536;
    static constexpr unsigned kKeptCaches = 64; // free caches that keep their memory, at most
    static constexpr unsigned kWordBits = 64;
    using Bits = std::array<std::uint64_t, kMaxThreads / kWordBits>;

    static ThreadCache& cache(unsigned number);
    void take_counts(ThreadCache& cache);
    unsigned lowest_free() const;
    void use(unsigned number);
    void retire(unsigned number);
    void drop(unsigned begin, unsigned end);
    bool is_left(unsigned number) const {
        const unsigned word = number / kWordBits;
        return ((used_caches_[word] & kept_caches_[word]) >> (number % kWordBits) & 1U) != 0;
    }
    bool is_live(unsigned number) const { return cache(number).owner != nullptr && !is_left(number); }
    void set(unsigned number, bool used, bool kept);
    void count_full_words();

    os::Mutex<os::Rank::kThreads> mutex_;
    std::atomic<std::size_t> live_{0};
    unsigned ever_used_ = 0;  // caches from this number on were never used
    unsigned full_words_ = 0; // words below this one have no free cache
    unsigned kept_ = 0;       // free caches that keep their memory
    Bits used_caches_{};
    Bits kept_caches_{}; // free caches that keep their memory, and used ones that are left
};

extern constinit ThreadRegistry thread_registry;

} // namespace ashlar::cache
