// SPDX-License-Identifier: MIT
//
// The mixed slabs of a shard, under one lock.
//
// A program that grew with small blocks and released most of them leaves a few on nearly every page. Other
// classes cannot use the rest of these pages, and they cannot be purged. So when a class needs a new slab,
// some mostly free slabs of bins become mixed and serve first. Their blocks bypass the thread caches when
// released. Each release takes the lock and searches the bitmaps, about ten times as long as a cached
// release. An empty mixed slab is dissolved at once, and its entirely free pages are purged at once.
//
// The mixed slabs of shard 0 hold the blocks that a profiler samples (heap/sampling.h). They are made for
// these blocks, keep a number for each, and keep their pages.
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

    // Smaller blocks would cost too much time for the memory that they save. Larger ones find no room.
    static constexpr std::size_t kLeastSize = 128;
    static constexpr bool serve(layout::SizeClass c) {
        return layout::class_size(c) >= kLeastSize && layout::class_size(c) <= 4096;
    }

    // Makes a slab of one slice mixed. The slab is in no list of its bin and has blocks in use. The caller
    // holds the bin's lock and no longer owns the slab afterwards. Returns false without a change if there is
    // no memory for the bitmaps.
    bool adopt(Slab& slab);

    // Takes up to `count` blocks of class `c`, stores them as Slab::take does, and returns their number.
    std::uint32_t take(layout::SizeClass c, void** end, std::uint32_t count);
    // Takes one block that a profiler knows by `number`, or returns null without memory. For shard 0.
    void* take_sampled(layout::SizeClass c, std::uint32_t number, os::Node node);
    // Returns whether many blocks of the class were returned recently. Blocks with that much reuse are better
    // served by slabs of the class, through the caches.
    bool churns(layout::SizeClass c) const;
    void forget_uses(); // halves the counts of use; called once per purge delay
    // Notes a search for slabs to make mixed. After a failed search the next 8 are skipped.
    void note_search(bool found) { searches_to_skip_.store(found ? 0 : 8, std::memory_order_relaxed); }
    bool skips_search();
    // Takes back a block. Returns its number if it was sampled, or 0. Ends the process (see misuse.h) if it
    // is not a live block of these slabs, or not of class `c` where `c` is not 0.
    std::uint32_t give(void* block, layout::SizeClass c);
    // Returns the length of a block. Ends the process if it is not a live block of these slabs.
    std::size_t usable_size(const void* block);

    // Describes the slab of a block in use, as if all its blocks had that length. Returns zeros if none of
    // these slabs has the block.
    Room room_beside(const void* block);

    // Blocks of one class, and bytes of all classes, in use and in thread caches.
    std::size_t blocks_out(layout::SizeClass c) const {
        return uses_[c].present.load(std::memory_order_relaxed);
    }
    std::size_t bytes_out() const { return bytes_out_.load(std::memory_order_relaxed); }
    os::Mutex<os::Rank::kMixed>& mutex() { return mutex_; }

  private:
    friend struct observe::Tables; // publishes member offsets to other processes
    // List i has slabs with room for 2^i units or more, below 2^(i+1). A slab without room is in no list.
    static constexpr unsigned kLists = 13;
    static constexpr std::uint8_t kNoRoom = kLists;

    MixedSlab* find(unsigned units) const;
    bool add_slab(os::Node node);
    std::uint32_t take_locked(layout::SizeClass c, void** end, std::uint32_t count);
    MixedSlab* slab_of(const void* block) const;
    void put(MixedSlab& slab);
    void unlink(MixedSlab& slab);
    // Moves a slab to its list. Returns true if it was empty and dissolved; the caller then returns its
    // slice.
    bool relist(MixedSlab& slab);
    void add_bytes_out(std::size_t bytes);
    void note_taken(layout::SizeClass c, std::uint32_t count);
    void note_returned(layout::SizeClass c);

    os::Mutex<os::Rank::kMixed> mutex_;
    layout::Shard shard_;
    std::array<MixedSlab*, kLists> lists_{};
    std::atomic<std::size_t> bytes_out_{0};
    std::atomic<std::uint8_t> searches_to_skip_{0};
    struct Use {                                // counts of one class; written under the lock
        std::atomic<std::uint32_t> out{0};      // blocks taken here, without those of adopted slabs
        std::atomic<std::uint32_t> most_out{0}; // recent maximum of `out`
        std::atomic<std::uint32_t> returned{0}; // recent returns
        std::atomic<std::uint32_t> present{0};  // blocks in use and in thread caches
    };
    std::array<Use, layout::kClasses> uses_{};
};

} // namespace ashlar::slab
