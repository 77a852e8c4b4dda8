// SPDX-License-Identifier: MIT
//
// A bin: the slabs of one size class and one shard, under one lock.
//
// A thread cache takes blocks from the bins of its own shard. It returns each block to the shard that the
// slice's header names. Each call moves a batch of blocks, so the lock is taken once for tens of blocks.
// A bin serves from its current slab, then from the fullest of its partial slabs. So nearly empty slabs drain
// and return their slices. A bin keeps one empty slab.
// A page of a slab without blocks in use is *unused*. If all bins together have too many, slabs purge them.
#pragma once

#include "os/mutex.h"
#include "os/topology.h"
#include "slab/mixed_slabs.h"
#include "slab/slab.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::observe {
struct Tables;
}

namespace ashlar::slab {

class alignas(64) Bin {
  public:
    // Takes up to `count` blocks, `count` >= 1, and returns their number. Used blocks of the current slab are
    // preferred to its fresh ones (see Slab::take). Stores the blocks as Slab::take does. Returns 0 only if
    // there is no memory.
    std::uint32_t take(layout::SizeClass c, layout::Shard owner, void** end, std::uint32_t count);
    // Does the same without adding a slab. Returns 0 if no slab has a free block.
    std::uint32_t take_free(void** end, std::uint32_t count);
    // Takes back blocks up to the first one whose slab has become mixed, and returns their number. Ends the
    // process (see misuse.h) at the first address that is not a live block of this bin.
    std::uint32_t give(layout::SliceHeader expected, void* const* blocks, std::uint32_t count);
    // Returns the slices of all empty slabs.
    void trim();
    // Purges all unused pages and returns their number. Each run of adjacent pages costs a system call.
    std::size_t purge_unused();
    // Begins a decay round, once per purge delay.
    static void begin_round();
    // Does one step of the decay round, with at most four system calls for unused pages. A bin that was not
    // used for a round is trimmed and purges all its unused pages. A used bin purges those of slabs that were
    // not used for a round. Returns kUnfinished if another step is needed.
    enum class Decayed : std::uint8_t { kUnused, kUsed, kUnfinished };
    Decayed decay(layout::SizeClass c);

    // Returns whether all bins together have more unused pages than they may keep for reuse.
    static bool too_many_unused();
    // Returns whether mostly free slabs of all bins exceed the superslabs' floor_in_slabs().
    static bool many_mostly_free();
    // Returns whether this bin is mostly free, and its free gaps average more than `size` bytes. The average
    // is a guess from counts.
    bool mostly_free(layout::SizeClass c, std::size_t size) const;
    std::size_t free_bytes(layout::SizeClass c) const;
    // Makes up to `most` slabs mixed, and returns their number. Chosen slabs are mostly free, and their gaps
    // suit blocks of `size` bytes. Only for classes whose slabs have one slice.
    unsigned give_up_slabs(MixedSlabs& mixed, std::size_t size, unsigned most);

    // Describes the slab of a block in use. Returns zeros if the block's slice has another header now.
    Room room_beside(layout::SliceHeader expected, const void* block);

    // Sets the node whose memory the bin takes. Call it before the first block is taken.
    void set_node(os::Node node) { node_ = node; }

    std::size_t slabs() const { return slabs_.load(std::memory_order_relaxed); }
    std::size_t blocks_out() const { return blocks_out_.load(std::memory_order_relaxed); }
    os::Mutex<os::Rank::kBin>& mutex() { return mutex_; }

  private:
    friend struct observe::Tables; // publishes member offsets to other processes
    // Where a slab stands: current, full, being purged, or in one of the lists. Lists are sorted by free
    // share, fullest slabs first.
    static constexpr unsigned kLists = 4;
    enum Place : std::uint8_t { kMostlyFree = 2, kEmptiest = kLists - 1, kCurrent = kLists, kFull, kPurging };

    static constexpr unsigned kCallsOfStep = 4;

    Slab* next_slab();
    bool add_slab(layout::SizeClass c, layout::Shard owner);
    void note_use();
    std::uint32_t take_locked(void** end, std::uint32_t count);
    // Slabs at the front of a list serve first. Slabs with purged pages are put at the back.
    enum class End : bool { kFront, kBack };
    void put(Slab& slab, std::uint8_t place, End end = End::kFront);
    void unlink(Slab& slab);
    void count_slabs(int change);
    // Slabs that need system calls. They are chained under the lock and finished without it.
    struct Deferred {
        Slab* leaving = nullptr;       // dissolved slabs, whose slices must be returned
        Slab* purging = nullptr;       // slabs in no list while their pages are purged
        unsigned calls = kCallsOfStep; // purging system calls left

        bool any() const { return leaving != nullptr || purging != nullptr; }
    };
    // Moves a slab, in a list or kFull, to the list for its free share. Returns false if the slab was
    // dissolved instead.
    bool relist(Slab& slab, Deferred& deferred, End end = End::kFront);
    void dissolve(Slab& slab, Deferred& deferred);
    static std::size_t forget_purged(Slab& slab);
    void note_unused(Slab& slab, void* const* blocks, std::uint32_t count, Deferred& deferred);
    static void forget_unused(Slab& slab);
    static void leave_unused(Slab& slab, std::uint64_t pages);
    Slab& coldest_unused(Slab& slab) const;
    unsigned choose_unused(Deferred& deferred);
    void dissolve_empty(Deferred& deferred);
    void start_purging(Slab& slab, Deferred& deferred);
    void retire_current(Deferred& deferred);
    unsigned choose_undecayed(Deferred& deferred, unsigned most);
    std::size_t finish(Deferred& deferred); // returns the number of purged pages
    static std::uint8_t this_round() { return round.load(std::memory_order_relaxed); }
    struct Progress {
        Fault fault; // of the block behind the given ones
        std::uint32_t given;
    };
    Progress give_locked(layout::SliceHeader expected, void* const* blocks, std::uint32_t count,
                         Deferred& deferred);

    // Number of the decay round. Only small differences are compared, so it may wrap around.
    static constinit std::atomic<std::uint8_t> round;

    os::Mutex<os::Rank::kBin> mutex_;
    std::uint32_t empty_slabs_ = 0; // empty slabs in the lists
    std::atomic<std::uint32_t> slabs_{0};
    std::uint8_t last_round_ = 0; // decay round of the last use
    bool decayed_ = false;        // everything was given back since the last use
    os::Node node_ = 0;
    Slab* current_ = nullptr;
    std::array<Slab*, kLists> lists_{};
    std::atomic<std::size_t> blocks_out_{0};
};
static_assert(sizeof(Bin) == 64, "a line to itself: neighbouring classes are used by other threads");

} // namespace ashlar::slab
