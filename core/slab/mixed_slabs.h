// SPDX-License-Identifier: MIT
//
// The mixed slabs of a shard, under one lock.
//
// A program that grew with small blocks and released most of them leaves a few on nearly every page. To other
// classes the rest of these pages is of no use, and it cannot be given back either. So when a class needs a
// new slab, and slabs of bins that are mostly free lie around, some of those become mixed and serve first.
// Their blocks go past the caches when they are released: each takes the lock and a search through the
// bitmaps, some ten times as long as a cached one. An empty mixed slab is dissolved at once, and the system's
// pages that come free as a whole are given back at once.
//
// Thread-safe.
#pragma once

#include "os/mutex.h"
#include "slab/mixed_slab.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::slab {

class MixedSlabs {
  public:
    explicit MixedSlabs(layout::Shard shard) : shard_(shard) {}

    // Smaller blocks would cost too much time for the memory they save, larger ones find no room.
    static constexpr bool serve(layout::SizeClass c) {
        return layout::class_size(c) >= 128 && layout::class_size(c) <= 4096;
    }

    // Makes a slab of one page mixed, one that is in no list of its bin and has blocks in use. The caller
    // holds the bin's lock and no longer has the slab afterwards. False, and nothing changed, if there
    // is no memory for the bitmaps.
    bool adopt(Slab& slab);

    // Up to `count` blocks of the class, stored as Slab::take does; how many.
    std::uint32_t take(layout::SizeClass c, void** end, std::uint32_t count);
    // Many blocks of the class came back of late: what is used again and again should come from slabs of the
    // class, by way of the caches.
    bool churns(layout::SizeClass c) const;
    void forget_uses(); // half of them; to be called once every purge delay
    // After a search for slabs to make mixed that found none, some are not worth while.
    void note_search(bool found) { searches_to_skip_.store(found ? 0 : 8, std::memory_order_relaxed); }
    bool skips_search();
    // Ends the process (see misuse.h) if it is no live block of these slabs, or not of class `c` if that is
    // not 0.
    void give(void* block, layout::SizeClass c);
    // Likewise.
    std::size_t usable_size(const void* block);

    std::size_t bytes_out() const { return bytes_out_.load(std::memory_order_relaxed); }
    os::Mutex<os::Rank::kMixed>& mutex() { return mutex_; }

  private:
    // By the room in a slab: list i has those with 2^i units or more. Those without room are in no list.
    static constexpr unsigned kLists = 13;
    static constexpr std::uint8_t kNoRoom = kLists;

    MixedSlab* find(unsigned units) const;
    MixedSlab* slab_of(const void* block) const;
    void put(MixedSlab& slab);
    void unlink(MixedSlab& slab);
    // Finds its place; true if it is empty and was dissolved instead: its page is to be returned.
    bool settle(MixedSlab& slab);
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
    };
    std::array<Use, layout::kClasses> uses_{};
};

} // namespace ashlar::slab
