// SPDX-License-Identifier: MIT
// Figures of a heap, read while its process runs: the cheap ones, which suffice to see growth. Each figure is
// right for some moment of the reading. Sums may differ by what the program did meanwhile.
#pragma once

#include "observe/library.h"
#include "process/memory.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ashlar::observe {

struct ClassReading {
    std::uint64_t size = 0; // of a block, in bytes
    std::uint64_t blocks_per_slab = 0;
    std::uint64_t slabs = 0;
    std::uint64_t out = 0;    // blocks outside the class's slabs: live, or in thread caches
    std::uint64_t cached = 0; // part of them: in thread caches, with blocks of mixed slabs
    std::uint64_t mixed = 0;  // blocks taken from mixed slabs
    std::uint64_t refills = 0;
    std::uint64_t flushes = 0;
    std::uint64_t remote_frees = 0;
    double batch = 0; // estimated blocks per refill: half of a mean stack

    std::uint64_t live() const { return out + mixed - std::min(out + mixed, cached); }
    std::uint64_t free() const { return slabs * blocks_per_slab - std::min(slabs * blocks_per_slab, out); }
};

// The heap's own locks of one kind, with count:true.
struct LockReading {
    std::string name;
    ashlar_lock_counters counts;
};

struct HeapReading {
    bool is_open = false; // the heap has a window; otherwise all calls go to the malloc behind Ashlar
    std::uint64_t window_base = 0;
    std::uint64_t window_in_use = 0; // bytes from window_base
    std::uint64_t slice_bytes = 0;
    std::uint64_t committed = 0;

    std::uint64_t live_small = 0; // bytes of size-class blocks that the program holds
    std::uint64_t live_large = 0; // bytes of large blocks that the program holds, in whole pages
    std::uint64_t cached_small = 0;
    std::uint64_t cached_large = 0; // bytes of runs that threads keep, and of large blocks in quarantine
    std::uint64_t dirty = 0;
    std::uint64_t threads = 0; // threads with a cache
    std::uint64_t shards = 0;
    ashlar_event_counters events{};
    std::vector<ClassReading> classes; // by class; the entry of class 0 stays empty
    std::vector<LockReading> locks;    // only kinds that were taken

    std::uint64_t live() const { return live_small + live_large; }
    std::uint64_t cached() const { return cached_small + cached_large; }
    // Flow between caches and slabs, in refills and flushes. Calls served within a cache leave no trace.
    std::uint64_t refills() const;
    std::uint64_t flushes() const;
};

// Returns nothing if the process has ended or its tables are inconsistent.
std::optional<HeapReading> read_heap(const process::Memory& memory, const Library& library);

} // namespace ashlar::observe
