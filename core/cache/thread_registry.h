// SPDX-License-Identifier: MIT
//
// The caches of threads, and which threads have one.
//
// Caches are the entries of one table, the lowest free one first. A cache is two system pages. It has what
// the slow paths know of each class, and for each class its counts and its first, shallow array. So a thread
// that uses one small class touches one page. Caches of ended threads are kept for the next ones, up to a
// number. Beyond it their memory is given back, so that a storm of threads leaves nothing behind.
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
    Event last = Event::kNone;              // what the slow path did last; kStarted: a first refill
    std::uint32_t last_call = 0;            // of its slow paths: ThreadCache::slow_calls at that moment
};

// Entries of a class's array in the cache: up to 14, fewer for large blocks.
inline constexpr std::size_t kBytesAtFirst = 32 * 1024; // of blocks
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

// What a thread's slow paths did with one class. The owner writes, others may read. When a count has passed
// 2^32 it begins anew, and `ended` below has that much more.
struct Counts {
    std::atomic<std::uint32_t> refills{0};
    std::atomic<std::uint32_t> flushes{0};      // blocks went back to slabs
    std::atomic<std::uint32_t> remote_frees{0}; // blocks that went home to another shard
    std::atomic<std::uint32_t> allocations{0};  // with the setting `count`
    std::atomic<std::uint32_t> releases{0};     // likewise
    // Entries at both ends of the array that other threads drained and that hold nothing.
    // ClassState::capacity is without them.
    std::uint16_t drained_below = 0;
    std::uint16_t drained_above = 0;
};

// The same of threads that have ended.
struct EndedCounts {
    std::atomic<std::uint64_t> refills{0};
    std::atomic<std::uint64_t> flushes{0};
    std::atomic<std::uint64_t> remote_frees{0};
    std::atomic<std::uint64_t> allocations{0};
    std::atomic<std::uint64_t> releases{0};
};

struct ThreadCache {
    PointerStacks* owner;                 // null while the cache is free
    std::atomic<std::size_t> stack_bytes; // what the stacks could hold, in bytes of blocks
    std::atomic<std::uint32_t> slow_calls;
    std::uint32_t round;    // its number when this thread last looked after its stacks
    std::uint32_t looked;   // slow_calls at that moment
    std::uint32_t idle;     // what had no slow call since then is idle: `looked` of the decay before
    std::uint32_t failed;   // slow_calls when no class had depth to spare
    std::uint8_t next_idle; // the class to look at next; 0: all were looked at
    std::uint8_t still;     // times that the background thread found `still_since` unchanged; under the lock
    std::uint32_t still_since;
    KeptRuns runs;
    bool runs_used;                          // since the last decay
    bool drained;                            // since its thread's last slow path
    bool end_arranged;                       // the C library will tell when this thread ends
    std::atomic<std::uint64_t> refill_ticks; // spent in refills, by os::ticks()
    // Bit c % 64 of word c / 64: some count of class c is not 0.
    std::array<std::atomic<std::uint64_t>, (layout::kClasses + 63) / 64> counted;
    std::array<ClassState, layout::kClasses> classes;

    // Behind the structure, and touched only when the class is used: its counts and its first array.
    Counts& counts(layout::SizeClass c) { return *static_cast<Counts*>(at(c)); }
    void** first_slots(layout::SizeClass c) { return reinterpret_cast<void**>(&counts(c) + 1); }
    static constexpr std::size_t offset_of_counts(layout::SizeClass c);

    bool has_counted(layout::SizeClass c) const {
        return (counted[c / 64U].load(std::memory_order_relaxed) >> (c % 64U) & 1U) != 0;
    }
    // Calls visit(class, counts) for the classes that something was counted of.
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

    // Of blocks; negative for less.
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
    // Null if the table is full or memory short: the thread then works without a cache.
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

    // Likewise for those from number `next` on, until visit(cache) returns false. `next` is then the number
    // behind it, at the end 0. Calls finish() before it gives back the lock.
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

    // What threads that have ended counted. Together with the caches, of all: read under the lock, as
    // for_each does.
    std::array<EndedCounts, layout::kClasses> ended;
    std::atomic<std::uint64_t> ended_refill_ticks{0};

    // In a forked child: forgets all caches but the survivor's, which may have none. Of the others those are
    // *left* for which keep(cache) is true: nobody sees them, but whoever kept them, until it removes them.
    // What the rest held is lost to the child.
    using Keep = bool (*)(ThreadCache& cache);
    void forget_others(const PointerStacks& survivor, Keep keep);

    os::Mutex<os::Rank::kThreads>& mutex() { return mutex_; }

    // Of the caches [begin, end) those in pages of the system that no other cache shares.
    struct Caches {
        unsigned begin;
        unsigned end; // not above `begin`: there are none
    };
    static Caches in_own_pages(unsigned begin, unsigned end, std::size_t page_size) {
        const auto in_page = static_cast<unsigned>(page_size > kCacheSize ? page_size / kCacheSize : 1);
        return {(begin + in_page - 1) / in_page * in_page, end / in_page * in_page};
    }

  private:
    friend struct observe::Tables; // tells other processes where things are
    static constexpr std::size_t kCacheSize = 8192;
    static_assert(detail::kCountsOffsets[layout::kClasses] <= kCacheSize);
    static constexpr unsigned kMaxThreads = 65536;
    static constexpr unsigned kKeptCaches = 64; // free ones that keep their memory
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
    unsigned ever_used_ = 0;  // caches from here on were never used
    unsigned full_words_ = 0; // words below this one have no free cache
    unsigned kept_ = 0;       // free caches that keep their memory: the set bits of kept_caches_
    Bits used_caches_{};
    Bits kept_caches_{}; // those, and of used ones those that are left
};

extern constinit ThreadRegistry thread_registry;

} // namespace ashlar::cache
