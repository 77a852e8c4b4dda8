// SPDX-License-Identifier: MIT
// The use of a process's memory, as parts that add up to its RSS.
#pragma once

#include "observe/heap_map.h"
#include "observe/heap_reading.h"
#include "process/smaps.h"
#include "process/status.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ashlar::observe {

enum class Part {
    kLive,
    kCached,
    kFreeInSlabs,
    kDirty,
    kMetadata,
    kHeap, // the whole heap, if its tables must not be read
    kHugeExcess,
    kStacks,
    kFiles,
    kShared,
    kLazy,
    kOther,     // other anonymous memory
    kAnonymous, // the heap, stacks and kOther, if the mappings must not be read either
};

struct PartFacts {
    Part part;
    const char* key;   // in JSON and Prometheus
    const char* label; // in text
    bool is_heap;
    const char* meaning;
};
inline constexpr std::array kParts{
    PartFacts{Part::kLive, "live", "live", true,
              "blocks that the program holds, as far as they were touched"},
    PartFacts{Part::kCached, "thread_caches", "thread caches", true,
              "free blocks that threads keep for their next requests, and quarantine"},
    PartFacts{Part::kFreeInSlabs, "free_in_slabs", "free in slabs", true,
              "free blocks between live ones, on pages that were not given back"},
    PartFacts{Part::kDirty, "free_dirty", "free, dirty", true,
              "free pages that were not given back to the system yet"},
    PartFacts{Part::kMetadata, "metadata", "metadata", true, "the heap's own tables"},
    PartFacts{Part::kHeap, "heap", "heap, not split", true, "the heap, whose tables must not be read"},
    PartFacts{Part::kHugeExcess, "huge_page_excess", "excess of huge pages", false,
              "memory that nobody touched, there because a huge page spans it (an estimate)"},
    PartFacts{Part::kStacks, "stacks", "stacks", false, "of threads"},
    PartFacts{Part::kFiles, "files", "files", false, "programs and libraries with their data, mapped files"},
    PartFacts{Part::kShared, "shared_memory", "shared memory", false, "shared with other processes"},
    PartFacts{Part::kLazy, "lazily_freed", "lazily freed", false,
              "released with MADV_FREE; the kernel takes it when memory is short"},
    PartFacts{Part::kOther, "other_anonymous", "other anonymous", false,
              "mapped by the program itself, a runtime or another allocator"},
    PartFacts{Part::kAnonymous, "anonymous", "anonymous, not split", false,
              "the heap, stacks and other memory without a file"},
};
constexpr const PartFacts& facts(Part part) {
    return kParts[static_cast<std::size_t>(part)];
}

struct Ledger {
    std::uint64_t rss = 0; // sum that the kernel reports
    std::array<std::uint64_t, kParts.size()> bytes{};

    // The next four are not in memory, and so not in the sum.
    std::uint64_t live_absent = 0; // live, but never touched
    std::uint64_t free_absent = 0; // in slabs, purged or never used
    std::uint64_t free_clean = 0;  // free slices
    std::uint64_t swap = 0;        // of the whole process

    std::uint64_t unused = 0; // part of kFreeInSlabs: system pages without a live block
    std::uint64_t threads = 0;
    // A mapping of kStacks or kOther that has huge pages.
    struct HugeMapping {
        Part part = Part::kOther;
        process::Mapping mapping;
    };
    std::vector<HugeMapping> with_huge_pages{};
    // The largest mapping of kOther, the first one to look at.
    process::Mapping largest_other{};

    std::uint64_t& operator[](Part part) { return bytes[static_cast<std::size_t>(part)]; }
    std::uint64_t operator[](Part part) const { return bytes[static_cast<std::size_t>(part)]; }
    std::uint64_t sum() const;
    std::uint64_t heap() const; // sum of the heap's parts

    // Moves `untouched` bytes from `part` to kHugeExcess.
    void note_untouched(Part part, std::uint64_t untouched);
};

// The more is known, the finer the ledger: from the status only, with the mappings, with the heap's tables.
Ledger ledger_of(const process::Status& status);
Ledger ledger_of(const process::Status& status, const std::vector<process::Mapping>& mappings,
                 const std::vector<bool>& stacks);
struct HeapFacts {
    const HeapPlace& place;
    const HeapReading& reading;
    const HeapMemory& memory;
};
Ledger ledger_of(const process::Status& status, const std::vector<process::Mapping>& mappings,
                 const std::vector<bool>& stacks, const HeapFacts& heap);

} // namespace ashlar::observe
