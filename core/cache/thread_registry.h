// SPDX-License-Identifier: MIT
//
// Which threads have a cache, and the chunk of metadata that each of them gets for it.
//
// Chunks are the entries of one table, the lowest free one first. A chunk is two system pages: what the slow
// paths know of each class, and the first, shallow arrays of all classes, so that a thread that uses one
// small class touches one page. Chunks of ended threads are kept for the next ones, up to a number; beyond it
// their memory is given back, so that a storm of threads leaves nothing behind.
#pragma once

#include "cache/pointer_stacks.h"
#include "cache/recent_runs.h"
#include "os/mutex.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::cache {

enum class Event : std::uint8_t { kNone, kRefill, kFlush };

struct ClassState {
    std::atomic<std::uint16_t> capacity{0}; // of the array; statistics read it
    Event last = Event::kNone;              // what the slow path did last
    bool used = false;                      // by a slow path since the last upkeep
};

inline constexpr unsigned kFirstDepth = 14; // entries of the arrays in the chunk

struct Chunk {
    PointerStacks* owner;       // null while the chunk is free
    std::size_t deepened_bytes; // what the stacks could hold beyond their first depth, in bytes of blocks
    std::uint32_t slow_calls;
    std::uint32_t upkeep; // its number when this thread last looked after its stacks
    RecentRuns runs;
    bool runs_used; // since the last upkeep
    std::array<ClassState, layout::kClasses> classes;
    std::array<std::array<void*, kFirstDepth>, layout::kClasses - 1> first_slots;
};
static_assert(sizeof(Chunk) <= 8192);

class ThreadRegistry {
  public:
    // Null if the table is full or memory short: the thread then works without a cache.
    Chunk* add(PointerStacks& owner);
    void remove(Chunk& chunk);

    // Calls visit(chunk) for every live cache, under the lock.
    template <typename Visit>
    void for_each(Visit visit) {
        const os::Guard guard(mutex_);
        for (unsigned i = 0; i < ever_used_; ++i) {
            if (chunk(i).owner != nullptr) visit(chunk(i));
        }
    }

    std::size_t live() const { return live_.load(std::memory_order_relaxed); }

    // In a forked child: forgets all but the survivor (may be null). The blocks and runs that the others
    // kept are lost to the child: their owners may have been in the middle of anything.
    void forget_others(const Chunk* survivor);

    os::Mutex<os::Rank::kThreads>& mutex() { return mutex_; }

  private:
    static constexpr std::size_t kChunkSize = 8192;
    static constexpr unsigned kMaxThreads = 65536;
    static constexpr unsigned kKeptChunks = 64; // free ones that keep their memory
    static constexpr unsigned kWordBits = 64;
    using Bits = std::array<std::uint64_t, kMaxThreads / kWordBits>;

    static Chunk& chunk(unsigned number);
    unsigned lowest_free() const;
    void use(unsigned number);
    void retire(unsigned number);

    os::Mutex<os::Rank::kThreads> mutex_;
    std::atomic<std::size_t> live_{0};
    unsigned ever_used_ = 0;  // chunks from here on were never used
    unsigned full_words_ = 0; // words below this one have no free chunk
    unsigned kept_ = 0;       // free chunks that keep their memory: the set bits of kept_chunks_
    Bits used_chunks_{};
    Bits kept_chunks_{};
};

extern constinit ThreadRegistry thread_registry;

} // namespace ashlar::cache
