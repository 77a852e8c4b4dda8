// SPDX-License-Identifier: MIT
// What the memory of a heap is used for: each system page that is present, told by the heap's own tables.
#pragma once

#include "observe/heap_reading.h"
#include "observe/library.h"
#include "process/memory.h"
#include "process/residency.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace ashlar::observe {

struct Interval {
    process::Address begin = 0;
    process::Address end = 0;

    bool contains(process::Address address) const { return address >= begin && address < end; }
};

// Where the heap's blocks and its tables lie, as far as they are mapped.
struct HeapPlace {
    Interval window;
    std::vector<Interval> tables;
};
std::optional<HeapPlace> heap_place(const process::Memory& memory, const Library& library);

// Bytes. What is in memory first; these add up to the memory of the heap.
struct HeapMemory {
    std::uint64_t blocks = 0;        // live ones, and those in thread caches
    std::uint64_t free_in_slabs = 0; // free blocks, and what is left at the end of slabs
    std::uint64_t unused = 0;        // of these, system pages without any block in use
    std::uint64_t kept = 0;          // runs for large blocks that threads keep, and quarantine
    std::uint64_t dirty = 0;         // free slices that were used
    std::uint64_t clean_in_huge = 0; // in memory only because a huge page spans it: never used, or given back
    std::uint64_t metadata = 0;
    // Not in memory.
    std::uint64_t blocks_absent = 0; // blocks, or parts, that the program holds and never touched
    std::uint64_t blocks_swapped = 0;
    std::uint64_t free_absent = 0; // in slabs, given back or never used
    std::uint64_t clean = 0;       // free slices

    std::uint64_t present() const { return blocks + free_in_slabs + kept + dirty + clean_in_huge + metadata; }

    struct OfClass {
        std::uint64_t blocks_present = 0; // bytes
        std::uint64_t blocks_absent = 0;
        std::uint64_t free_present = 0;
        std::uint64_t free_absent = 0;
    };
    std::vector<OfClass> classes; // blocks of mixed slabs are counted with class 0
    // Huge pages that hold blocks of the program: what of them was never touched, the tables do not know.
    std::vector<process::PageSpan> huge_in_use;
};

// Nothing if the process is gone or its tables make no sense.
std::optional<HeapMemory> map_heap(const process::Memory& memory, const Library& library,
                                   const HeapPlace& place, const process::Residency& residency);

} // namespace ashlar::observe
