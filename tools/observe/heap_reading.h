// SPDX-License-Identifier: MIT
// The figures of a heap, read while its process runs on: what is cheap to read and enough to see it grow.
// Each figure is right for some moment of the reading; sums may differ by what happened meanwhile.
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
    std::uint64_t size = 0; // bytes of a block
    std::uint64_t blocks_per_slab = 0;
    std::uint64_t slabs = 0;
    std::uint64_t out = 0;    // blocks that left the slabs of the class: live, or in thread caches
    std::uint64_t cached = 0; // of them, blocks in thread caches, of mixed slabs too
    std::uint64_t mixed = 0;  // blocks taken from mixed slabs
    std::uint64_t refills = 0;
    std::uint64_t flushes = 0;
    std::uint64_t remote_frees = 0;
    double batch = 0; // blocks that a refill takes, about: half of a stack, by the stacks that there are

    std::uint64_t live() const { return out + mixed - std::min(out + mixed, cached); }
    std::uint64_t free() const { return slabs * blocks_per_slab - std::min(slabs * blocks_per_slab, out); }
};

// The heap's own locks of one kind, in a process with count:true.
struct LockReading {
    std::string name;
    ashlar_lock_counters counts;
};

struct HeapReading {
    bool is_open = false; // a window: without one everything goes to the malloc behind Ashlar
    std::uint64_t window_base = 0;
    std::uint64_t window_in_use = 0; // bytes from there on
    std::uint64_t slice_bytes = 0;
    std::uint64_t committed = 0;

    std::uint64_t live_small = 0; // bytes of blocks of the size classes that the program holds
    std::uint64_t live_large = 0; // likewise of large ones, whole pages
    std::uint64_t cached_small = 0;
    std::uint64_t cached_large = 0; // runs that threads keep, and large blocks in quarantine
    std::uint64_t dirty = 0;
    std::uint64_t threads = 0; // with a cache
    std::uint64_t shards = 0;
    ashlar_event_counters events{};
    std::vector<ClassReading> classes; // of class 0 too, which has none
    std::vector<LockReading> locks;    // those that were taken

    std::uint64_t live() const { return live_small + live_large; }
    std::uint64_t cached() const { return cached_small + cached_large; }
    // In blocks, by the flow between caches and slabs: what malloc and free do within a cache leaves no
    // trace.
    std::uint64_t refills() const;
    std::uint64_t flushes() const;
};

// Nothing if the process is gone or its tables make no sense.
std::optional<HeapReading> read_heap(const process::Memory& memory, const Library& library);

} // namespace ashlar::observe
