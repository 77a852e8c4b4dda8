// SPDX-License-Identifier: MIT
//
// A shard: an owner of slabs, with one bin per size class, each under a lock of its own.
//
// Thread caches take blocks from the shard they are assigned to and give every block back to the shard that
// its page's header names, tens at a time: the locks are for batches, not for blocks. A bin serves from its
// current slab; when that is used up, from the fullest of its partial slabs, so that nearly empty ones get
// the chance to drain and return their pages. One empty slab per bin is kept.
#pragma once

#include "os/mutex.h"
#include "slab/slab.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::slab {

class alignas(64) Bin {
  public:
    std::uint32_t take(layout::SizeClass c, layout::Shard owner, void** end, std::uint32_t count);
    // Ends the process (see misuse.h) at the first address that is no live block of this bin.
    void give(layout::PageHeader expected, void* const* blocks, std::uint32_t count);
    // Returns the empty slab, if there is one.
    void trim();

    std::size_t blocks_out() const { return blocks_out_.load(std::memory_order_relaxed); }
    os::Mutex<os::Rank::kBin>& mutex() { return mutex_; }

  private:
    // Where a slab is: serving, full (in no list), or in a list by how full it is, fullest first.
    static constexpr unsigned kLists = 4;
    enum Place : std::uint8_t { kEmptiest = kLists - 1, kCurrent = kLists, kFull };

    Slab* next_slab();
    bool add_slab(layout::SizeClass c, layout::Shard owner);
    std::uint32_t take_locked(void** end, std::uint32_t count);
    void put(Slab& slab, std::uint8_t place);
    void unlink(Slab& slab);
    // After blocks came back. Slabs that leave the bin are chained: their pages are returned when the lock is
    // free, because that may take system calls.
    void settle(Slab& slab, Slab*& leaving);
    static void dissolve(Slab& slab, Slab*& leaving);
    static void return_pages(Slab* leaving);
    struct Offence {
        Fault fault;
        const void* address;
    };
    Offence give_locked(layout::PageHeader expected, void* const* blocks, std::uint32_t count,
                        Slab*& leaving);

    os::Mutex<os::Rank::kBin> mutex_;
    std::uint32_t empty_slabs_ = 0; // in the lists
    Slab* current_ = nullptr;
    std::array<Slab*, kLists> lists_{};
    std::atomic<std::size_t> blocks_out_{0};
};
static_assert(sizeof(Bin) == 64, "a line to itself: neighbouring classes are used by other threads");

struct ShardBins {
    std::array<Bin, layout::kClasses - 1> bins;

    Bin& bin(layout::SizeClass c) { return bins[c - 1U]; }
};

} // namespace ashlar::slab
