// SPDX-License-Identifier: MIT
//
// A shard: an owner of slabs, with one bin per size class, each under a lock of its own.
//
// Thread caches take blocks from the shard that they are assigned to. They give every block back to the shard
// that its page's header names, tens at a time. The locks are for batches, not for blocks. A bin serves from
// its current slab. When that is used up, it serves from the fullest of its partial slabs. So nearly empty
// ones get the chance to drain and return their pages. One empty slab per bin is kept. Slabs that do not
// drain give back system pages in which no block is left ("hollow"), when all bins together have too many of
// them.
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
    std::uint32_t give(layout::PageHeader expected, void* const* blocks, std::uint32_t count);
    // Returns the empty slabs, if there are any.
    void trim();
    // Gives back the system's pages in which no block is left, all that there are now; how many. Costs a
    // system call for each row of them.
    std::size_t purge_hollow();
    // A new decay round begins, one each purge delay.
    static void begin_round();
    // One step of this round, with four system calls for hollow pages at most. A bin that was not used for a
    // round is trimmed, and all its hollow pages go. In one that was used, those of unused slabs go.
    enum class Tidied : std::uint8_t { kUnused, kUsed, kUnfinished };
    Tidied tidy(layout::SizeClass c);

    // There are more hollow pages, in all bins, than are kept for what comes and goes.
    static bool too_many_hollow();
    // Slabs that are mostly free, in all bins, amount to something.
    static bool many_mostly_free();
    // Likewise this bin's, and it has gaps of `size` bytes as far as chance decides what is free. A guess.
    bool mostly_free(layout::SizeClass c, std::size_t size) const;
    std::size_t free_bytes(layout::SizeClass c) const;
    // Makes up to `most` slabs mixed that were left by most of their blocks, and whose free memory would do
    // for blocks of `size` bytes. Returns how many. For slabs of one page.
    unsigned give_up_slabs(MixedSlabs& mixed, std::size_t size, unsigned most);

    // In the slab of a block in use. All 0 if the block's page has another header now.
    Room room_beside(layout::PageHeader expected, const void* block);

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
    // The front of a list serves first. What has hollow pages that were purged goes to the back.
    enum class End : bool { kFront, kBack };
    void put(Slab& slab, std::uint8_t place, End end = End::kFront);
    void unlink(Slab& slab);
    void count_slabs(int change);
    // Slabs that want system calls: they are chained, and attended to when the lock is free.
    struct Chores {
        Slab* leaving = nullptr;       // dissolved; their pages are to be returned
        Slab* purging = nullptr;       // out of the lists while pages of theirs are purged
        unsigned calls = kCallsOfStep; // that may purge

        bool any() const { return leaving != nullptr || purging != nullptr; }
    };
    // Finds the place of a slab that is in a list or kFull, after blocks of it came back. False if it was
    // dissolved.
    bool settle(Slab& slab, Chores& chores, End end = End::kFront);
    void dissolve(Slab& slab, Chores& chores);
    static std::size_t forget_purged(Slab& slab);
    void note_hollow(Slab& slab, void* const* blocks, std::uint32_t count, Chores& chores);
    static void forget_hollow(Slab& slab);
    static void leave_hollow(Slab& slab, std::uint64_t pages);
    Slab& coldest_hollow(Slab& slab) const;
    unsigned choose_unused(Chores& chores);
    void dissolve_empty(Chores& chores);
    void start_purging(Slab& slab, Chores& chores);
    void retire_current(Chores& chores);
    unsigned choose_untidy(Chores& chores, unsigned most);
    std::size_t attend(Chores& chores); // how many pages it purged
    struct Progress {
        Fault fault; // of the next one
        std::uint32_t given;
    };
    Progress give_locked(layout::PageHeader expected, void* const* blocks, std::uint32_t count,
                         Chores& chores);

    os::Mutex<os::Rank::kBin> mutex_;
    std::uint32_t empty_slabs_ = 0; // in the lists
    std::atomic<std::uint32_t> slabs_{0};
    std::uint8_t last_round_ = 0; // of decay, in which it was used
    bool tidied_ = false;         // and not used since
    os::Node node_ = 0;
    Slab* current_ = nullptr;
    std::array<Slab*, kLists> lists_{};
    std::atomic<std::size_t> blocks_out_{0};
};
static_assert(sizeof(Bin) == 64, "a line to itself: neighbouring classes are used by other threads");

struct ShardBins {
    explicit ShardBins(os::Node node) {
        for (Bin& each : bins)
            each.set_node(node);
    }

    std::array<Bin, layout::kClasses - 1> bins;

    Bin& bin(layout::SizeClass c) { return bins[c - 1U]; }
};

} // namespace ashlar::slab
