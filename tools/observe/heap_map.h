// SPDX-License-Identifier: MIT
// The use of a heap's memory: each present system page, classified by the heap's own tables.
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

// Where the heap's blocks and tables lie, as far as mapped.
struct HeapPlace {
    Interval window;
    std::vector<Interval> tables;
};
std::optional<HeapPlace> heap_place(const process::Memory& memory, const Library& library);

// Sizes in bytes. The members up to `metadata` are in memory and add up to the heap's memory.
struct HeapMemory {
    std::uint64_t blocks = 0;        // live, or in thread caches
    std::uint64_t free_in_slabs = 0; // free blocks, and rests at the end of slabs
    std::uint64_t unused = 0;        // part of it: system pages without a block in use
    std::uint64_t kept = 0;          // runs for large blocks that threads keep, and quarantine
    std::uint64_t dirty = 0;         // free slices that were used
    std::uint64_t clean_in_huge = 0; // never used or purged, but in memory because a huge page spans it
    std::uint64_t metadata = 0;
    // The next four are not in memory.
    std::uint64_t blocks_absent = 0; // blocks or parts of blocks that the program never touched
    std::uint64_t blocks_swapped = 0;
    std::uint64_t free_absent = 0; // in slabs, purged or never used
    std::uint64_t clean = 0;       // free slices

    std::uint64_t present() const { return blocks + free_in_slabs + kept + dirty + clean_in_huge + metadata; }

    struct OfClass {
        std::uint64_t blocks_present = 0; // all in bytes
        std::uint64_t blocks_absent = 0;
        std::uint64_t free_present = 0;
        std::uint64_t free_absent = 0;
    };
    std::vector<OfClass> classes; // by class; class 0: blocks of mixed slabs
    // Huge pages that hold blocks. The tables do not show which parts were never touched.
    std::vector<process::PageSpan> huge_in_use;
};

// Returns nothing if the process has ended or its tables are inconsistent.
std::optional<HeapMemory> map_heap(const process::Memory& memory, const Library& library,
                                   const HeapPlace& place, const process::Residency& residency);

} // namespace ashlar::observe
