// SPDX-License-Identifier: MIT
//
// A bin: the slabs of one size class and one shard, under a lock.
//
// Thread caches take blocks from the bins of the shard that they are assigned to. They give every block back
// to the shard that its slice's header names, tens at a time. So a lock is taken for a batch, not for a
// block. A bin serves from its current slab. When that is used up, it serves from the fullest of its partial
// slabs. So nearly empty ones get the chance to drain and return their slices. One empty slab per bin is
// kept. Slabs that do not drain give back system pages in which no block is left ("unused"), when all bins
// together have too many of them.
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
    // Up to `count` blocks, which is at least 1; what the slab that serves has of used blocks rather than its
    // new memory (see Slab::take). Stored as Slab::take does. Zero only if there is no memory.
    std::uint32_t take(layout::SizeClass c, layout::Shard owner, void** end, std::uint32_t count);
    // Likewise, of the slabs that there are.
    std::uint32_t take_free(void** end, std::uint32_t count);
    // Takes back the blocks up to the first one whose slab has become a mixed one; returns how many. Ends the
    // process (see misuse.h) at the first address that is no live block of this bin.
    std::uint32_t give(layout::SliceHeader expected, void* const* blocks, std::uint32_t count);
    // Returns the empty slabs, if there are any.
    void trim();
    // Gives back the system's pages in which no block is left, all that there are now; how many. Costs a
    // system call for each row of them.
    std::size_t purge_unused();
    // A new decay round begins, one each purge delay.
    static void begin_round();
    // One step of this round, with four system calls for unused pages at most. A bin that was not used for a
    // round is trimmed, and all its unused pages go. In one that was used, those of unused slabs go.
    enum class Decayed : std::uint8_t { kUnused, kUsed, kUnfinished };
    Decayed decay(layout::SizeClass c);

    // There are more unused pages, in all bins, than are kept for what comes and goes.
    static bool too_many_unused();
    // Slabs that are mostly free, in all bins, amount to something.
    static bool many_mostly_free();
    // Likewise this bin's, and it has gaps of `size` bytes as far as chance decides what is free. A guess.
    bool mostly_free(layout::SizeClass c, std::size_t size) const;
    std::size_t free_bytes(layout::SizeClass c) const;
    // Makes up to `most` slabs mixed that were left by most of their blocks, and whose free memory would do
    // for blocks of `size` bytes. Returns how many. For slabs of one slice.
    unsigned give_up_slabs(MixedSlabs& mixed, std::size_t size, unsigned most);

    // In the slab of a block in use. All 0 if the block's slice has another header now.
    Room room_beside(layout::SliceHeader expected, const void* block);

    void set_node(os::Node node) { node_ = node; } // whose memory it takes; before the first block

    std::size_t slabs() const { return slabs_.load(std::memory_order_relaxed); }
    std::size_t blocks_out() const { return blocks_out_.load(std::memory_order_relaxed); }
    os::Mutex<os::Rank::kBin>& mutex() { return mutex_; }

  private:
    friend struct observe::Tables; // tells other processes where things are
    // Where a slab is: serving, full (in no list), or in a list by how full it is, fullest first.
    static constexpr unsigned kLists = 4;
    enum Place : std::uint8_t { kMostlyFree = 2, kEmptiest = kLists - 1, kCurrent = kLists, kFull, kPurging };

    static constexpr unsigned kCallsOfStep = 4;

    Slab* next_slab();
    bool add_slab(layout::SizeClass c, layout::Shard owner);
    void note_use();
    std::uint32_t take_locked(void** end, std::uint32_t count);
    // The front of a list serves first. What has unused pages that were purged goes to the back.
    enum class End : bool { kFront, kBack };
    void put(Slab& slab, std::uint8_t place, End end = End::kFront);
    void unlink(Slab& slab);
    void count_slabs(int change);
    // Slabs that want system calls: they are chained, and finished when the lock is free.
    struct Deferred {
        Slab* leaving = nullptr;       // dissolved; their slices are to be returned
        Slab* purging = nullptr;       // out of the lists while pages of theirs are purged
        unsigned calls = kCallsOfStep; // that may purge

        bool any() const { return leaving != nullptr || purging != nullptr; }
    };
    // Finds the place of a slab that is in a list or kFull, after blocks of it came back. False if it was
    // dissolved.
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
    std::size_t finish(Deferred& deferred); // how many pages it purged
    static std::uint8_t this_round() { return round.load(std::memory_order_relaxed); }
    struct Progress {
        Fault fault; // of the next one
        std::uint32_t given;
    };
    Progress give_locked(layout::SliceHeader expected, void* const* blocks, std::uint32_t count,
                         Deferred& deferred);

    // The number of the decay round; only differences of a few count.
    static constinit std::atomic<std::uint8_t> round;

    os::Mutex<os::Rank::kBin> mutex_;
    std::uint32_t empty_slabs_ = 0; // in the lists
    std::atomic<std::uint32_t> slabs_{0};
    std::uint8_t last_round_ = 0; // of decay, in which it was used
    bool decayed_ = false;        // and not used since
    os::Node node_ = 0;
    Slab* current_ = nullptr;
    std::array<Slab*, kLists> lists_{};
    std::atomic<std::size_t> blocks_out_{0};
};
static_assert(sizeof(Bin) == 64, "a line to itself: neighbouring classes are used by other threads");

} // namespace ashlar::slab
