// SPDX-License-Identifier: MIT
//
// The mixed slabs of a shard, under one lock.
//
// A program that grew with small blocks and released most of them leaves a few on nearly every page. To other
// classes the rest of these pages is of no use, and it cannot be given back either. So some slabs of bins
// that are mostly free become mixed when a class needs a new slab. They serve first. Their blocks go past the
// caches when they are released. Each takes the lock and a search through the bitmaps, some ten times as long
// as a cached one. An empty mixed slab is dissolved at once, and the system's pages that come free as a whole
// are given back at once.
//
// Of no shard (0) are the mixed slabs of the blocks that a profiler samples (heap/sampling.h). They are made
// for these blocks, each block has a number by which the profiler knows it, and they keep the system's pages.
//
// Thread-safe.
#pragma once

#include "os/mutex.h"
#include "os/topology.h"
#include "slab/mixed_slab.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::observe {
struct Tables;
}

namespace ashlar::slab {

class MixedSlabs {
  public:
    explicit MixedSlabs(layout::Shard shard) : shard_(shard) {}

    // Smaller blocks would cost too much time for the memory they save, larger ones find no room.
    static constexpr std::size_t kLeastSize = 128;
    static constexpr bool serve(layout::SizeClass c) {
        return layout::class_size(c) >= kLeastSize && layout::class_size(c) <= 4096;
    }

    // Makes a slab of one slice mixed, one that is in no list of its bin and has blocks in use. The caller
    // holds the bin's lock and no longer has the slab afterwards. False, and nothing changed, if there
    // is no memory for the bitmaps.
    bool adopt(Slab& slab);

    // Up to `count` blocks of the class, stored as Slab::take does; how many.
    std::uint32_t take(layout::SizeClass c, void** end, std::uint32_t count);
    // One block, for a profiler, which will know it by this number; null if there is no memory. Only of the
    // slabs of no shard.
    void* take_sampled(layout::SizeClass c, std::uint32_t number, os::Node node);
    // Many blocks of the class came back of late. What is used again and again should come from slabs of the
    // class, by way of the caches.
    bool churns(layout::SizeClass c) const;
    void forget_uses(); // half of them; to be called once every purge delay
    // After a search for slabs to make mixed that found none, some are not worth while.
    void note_search(bool found) { searches_to_skip_.store(found ? 0 : 8, std::memory_order_relaxed); }
    bool skips_search();
    // The number of the block, if it was sampled, or 0. Ends the process (see misuse.h) if it is no live
    // block of these slabs, or not of class `c` if that is not 0.
    std::uint32_t give(void* block, layout::SizeClass c);
    // Likewise.
    std::size_t usable_size(const void* block);

    // In the slab of a block in use, as if all had its length. All 0 if it is in none of these slabs.
    Room room_beside(const void* block);

    // In use and in caches: blocks of one class, and bytes of all.
    std::size_t blocks_out(layout::SizeClass c) const {
        return uses_[c].present.load(std::memory_order_relaxed);
    }
    std::size_t bytes_out() const { return bytes_out_.load(std::memory_order_relaxed); }
    os::Mutex<os::Rank::kMixed>& mutex() { return mutex_; }

  private:
    friend struct observe::Tables; // tells other processes where things are
    // By the room in a slab: list i has those with 2^i units or more. Those without room are in no list.
    static constexpr unsigned kLists = 13;
    static constexpr std::uint8_t kNoRoom = kLists;

    MixedSlab* find(unsigned units) const;
    bool add_slab(os::Node node);
    std::uint32_t take_locked(layout::SizeClass c, void** end, std::uint32_t count);
    MixedSlab* slab_of(const void* block) const;
    void put(MixedSlab& slab);
    void unlink(MixedSlab& slab);
    // Finds its place; true if it is empty and was dissolved instead: its slice is to be returned.
    bool relist(MixedSlab& slab);
    void add_bytes_out(std::size_t bytes);
    void note_taken(layout::SizeClass c, std::uint32_t count);
    void note_returned(layout::SizeClass c);

    os::Mutex<os::Rank::kMixed> mutex_;
    layout::Shard shard_;
    std::array<MixedSlab*, kLists> lists_{};
    std::atomic<std::size_t> bytes_out_{0};
    std::atomic<std::uint8_t> searches_to_skip_{0};
    struct Use {                                // of a class; written under the lock
        std::atomic<std::uint32_t> out{0};      // blocks taken, without those that were there
        std::atomic<std::uint32_t> most_out{0}; // of late
        std::atomic<std::uint32_t> returned{0}; // likewise
        std::atomic<std::uint32_t> present{0};  // blocks in use and in caches
    };
    std::array<Use, layout::kClasses> uses_{};
};

} // namespace ashlar::slab
