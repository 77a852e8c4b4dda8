// SPDX-License-Identifier: MIT
#include "observe/ledger.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace ashlar::observe {

namespace {

using process::Mapping;

constexpr bool is_in_order() {
    for (std::size_t index = 0; index < kParts.size(); ++index) {
        if (static_cast<std::size_t>(kParts[index].part) != index) {
            return false;
        }
    }
    return true;
}
static_assert(is_in_order());

// The addresses where Ashlar's heap usually lies. The kernel does not choose them on its own (see
// core/layout/window.cc). The heap lies elsewhere if they were in use.
#if defined(__aarch64__)
constexpr Interval kUsualPlace{.begin = std::uint64_t{34} << 40, .end = std::uint64_t{62} << 40};
#else
constexpr Interval kUsualPlace{.begin = std::uint64_t{22} << 40, .end = std::uint64_t{42} << 40};
#endif

bool is_shared_memory(const Mapping& mapping) {
    return mapping.is_shared &&
           (mapping.name.starts_with("/dev/zero") || mapping.name.starts_with("/memfd:") ||
            mapping.name.starts_with("/SYSV") || mapping.name.starts_with("/dev/shm/") ||
            mapping.name.starts_with("[anon_shmem:"));
}

// Returns the mapping's part. kHeap means that its memory may be counted elsewhere.
Part part_of(const Mapping& mapping, bool is_stack, const std::function<bool(const Mapping&)>& is_heap) {
    if (is_heap(mapping)) {
        return Part::kHeap;
    }
    if (is_stack) {
        return Part::kStacks;
    }
    if (is_shared_memory(mapping)) {
        return Part::kShared;
    }
    if (mapping.has_file() || mapping.name == "[vdso]" || mapping.name == "[vvar]" ||
        mapping.name == "[vsyscall]") {
        return Part::kFiles;
    }
    return Part::kOther;
}

Ledger sum_up(const process::Status& status, const std::vector<Mapping>& mappings,
              const std::vector<bool>& stacks, const std::function<bool(const Mapping&)>& is_heap) {
    Ledger ledger{.threads = status.threads};
    std::uint64_t most = 0;
    for (std::size_t index = 0; index < mappings.size(); ++index) {
        const Mapping& mapping = mappings[index];
        const Part part = part_of(mapping, stacks[index], is_heap);
        const std::uint64_t lazy = std::min(mapping.lazy_free, mapping.rss);
        ledger.rss += mapping.rss;
        ledger.swap += mapping.swap;
        ledger[Part::kLazy] += lazy;
        ledger[part] += mapping.rss - lazy;
        if (mapping.huge != 0 && (part == Part::kOther || part == Part::kStacks)) {
            ledger.with_huge_pages.push_back({.part = part, .mapping = mapping});
        }
        if (part == Part::kOther && mapping.rss > most) {
            most = mapping.rss;
            ledger.largest_other = mapping;
        }
    }
    return ledger;
}

// Returns the bytes in memory of blocks in thread caches. Assumes that of each class, cached blocks are
// touched to the same share as all blocks.
std::uint64_t cached_in_memory(const HeapReading& reading, const HeapMemory& memory) {
    double sum = 0;
    for (std::size_t c = 1; c < std::min(reading.classes.size(), memory.classes.size()); ++c) {
        const HeapMemory::OfClass& blocks = memory.classes[c];
        const auto all = static_cast<double>(blocks.blocks_present + blocks.blocks_absent);
        const auto present = static_cast<double>(blocks.blocks_present);
        const auto cached = static_cast<double>(reading.classes[c].cached * reading.classes[c].size);
        sum += all > 0 ? std::min(cached * present / all, present) : 0;
    }
    return std::min(static_cast<std::uint64_t>(sum), memory.blocks);
}

} // namespace

std::uint64_t Ledger::sum() const {
    return std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0});
}

std::uint64_t Ledger::heap() const {
    std::uint64_t sum = 0;
    for (const PartFacts& each : kParts) {
        sum += each.is_heap ? (*this)[each.part] : 0;
    }
    return sum;
}

void Ledger::note_untouched(Part part, std::uint64_t untouched) {
    const std::uint64_t known = std::min(untouched, (*this)[part]);
    (*this)[part] -= known;
    (*this)[Part::kHugeExcess] += known;
}

Ledger ledger_of(const process::Status& status) {
    Ledger ledger{.rss = status.rss, .swap = status.swap, .threads = status.threads};
    ledger[Part::kAnonymous] = status.rss_anonymous;
    ledger[Part::kFiles] = status.rss_file;
    ledger[Part::kShared] = status.rss_shared;
    return ledger;
}

Ledger ledger_of(const process::Status& status, const std::vector<Mapping>& mappings,
                 const std::vector<bool>& stacks) {
    return sum_up(status, mappings, stacks, [](const Mapping& mapping) {
        return !mapping.has_file() && mapping.name.empty() && kUsualPlace.contains(mapping.begin);
    });
}

Ledger ledger_of(const process::Status& status, const std::vector<Mapping>& mappings,
                 const std::vector<bool>& stacks, const HeapFacts& heap) {
    std::uint64_t lazy = 0; // only the program can release lazily in the heap, so these are its blocks
    Ledger ledger = sum_up(status, mappings, stacks, [&](const Mapping& mapping) {
        const bool is_heap =
            !mapping.has_file() &&
            (heap.place.window.contains(mapping.begin) ||
             std::any_of(heap.place.tables.begin(), heap.place.tables.end(),
                         [&](const Interval& table) { return table.contains(mapping.begin); }));
        lazy += is_heap ? mapping.lazy_free : 0;
        return is_heap;
    });
    ledger[Part::kHeap] = 0; // split by the tables instead
    ledger[Part::kCached] = cached_in_memory(heap.reading, heap.memory);
    ledger[Part::kLive] = heap.memory.blocks - ledger[Part::kCached];
    ledger[Part::kLive] -= std::min(ledger[Part::kLive], lazy);
    ledger[Part::kCached] += heap.memory.kept;
    ledger[Part::kFreeInSlabs] = heap.memory.free_in_slabs;
    ledger[Part::kDirty] = heap.memory.dirty;
    ledger[Part::kHugeExcess] = heap.memory.clean_in_huge;
    ledger[Part::kMetadata] = heap.memory.metadata;
    ledger.live_absent = heap.memory.blocks_absent;
    ledger.free_absent = heap.memory.free_absent;
    ledger.free_clean = heap.memory.clean;
    ledger.unused = heap.memory.unused;
    return ledger;
}

} // namespace ashlar::observe
