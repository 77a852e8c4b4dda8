// SPDX-License-Identifier: MIT
//
// The table of statistics: one row for each field of the structures in ashlar.h, in their order. All texts
// (observe/formats.h) are made from it. A field without a row does not compile.
#pragma once

#include <ashlar/ashlar.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace ashlar::observe {

enum class Unit : std::uint8_t { kBytes, kCount, kNanoseconds, kYes };
// Whether a value goes up and down, or only up.
enum class Kind : std::uint8_t { kGauge, kCounter };

// Letters are in arrays, because the loader would have to relocate pointers in every process.
struct Row {
    std::uint16_t offset;
    std::uint8_t width;
    Unit unit;
    Kind kind;
    std::array<char, 20> name_letters;
    std::array<char, 100> help_letters;

    std::string_view name() const { return name_letters.data(); }
    std::string_view help() const { return help_letters.data(); }
    template <typename Statistics>
    std::uint64_t value_in(const Statistics& statistics) const {
        std::uint64_t value = 0; // little-endian, like all supported machines
        std::memcpy(&value, reinterpret_cast<const char*>(&statistics) + offset, width);
        return value;
    }
};

namespace detail {

template <std::size_t kRoom, std::size_t kLength>
constexpr std::array<char, kRoom> letters(const char (&text)[kLength]) {
    static_assert(kLength <= kRoom);
    std::array<char, kRoom> result{};
    for (std::size_t i = 0; i < kLength; ++i)
        result[i] = text[i];
    return result;
}

} // namespace detail

#define ASHLAR_ROW(structure, field, unit, kind, help)                                                       \
    Row {                                                                                                    \
        offsetof(structure, field), sizeof(structure::field), Unit::unit, Kind::kind,                        \
            detail::letters<20>(#field), detail::letters<100>(help)                                          \
    }
#define ASHLAR_PROCESS(field, unit, kind, help) ASHLAR_ROW(ashlar_statistics, field, unit, kind, help)
#define ASHLAR_CLASS(field, unit, kind, help) ASHLAR_ROW(ashlar_class_statistics, field, unit, kind, help)
#define ASHLAR_LOCK(field, unit, kind, help) ASHLAR_ROW(ashlar_lock_statistics, field, unit, kind, help)

inline constexpr std::array kProcessRows = {
    ASHLAR_PROCESS(window, kBytes, kGauge, "addresses that blocks may have"),
    ASHLAR_PROCESS(committed, kBytes, kGauge, "addresses mapped for blocks"),
    ASHLAR_PROCESS(slabs, kBytes, kGauge,
                   "in slabs of the size classes, and in large blocks that caches hold"),
    ASHLAR_PROCESS(large, kBytes, kGauge, "in large blocks that the program holds"),
    ASHLAR_PROCESS(dirty, kBytes, kGauge, "free pages that were not given back to the system"),
    ASHLAR_PROCESS(allocated, kBytes, kGauge, "in blocks that the program holds"),
    ASHLAR_PROCESS(cached, kBytes, kGauge, "in free blocks that thread caches hold"),
    ASHLAR_PROCESS(metadata, kBytes, kGauge, "mapped for the tables of the heap"),
    ASHLAR_PROCESS(threads, kCount, kGauge, "threads with a cache"),
    ASHLAR_PROCESS(shards, kCount, kGauge, "owners of slabs"),
    ASHLAR_PROCESS(fallback, kBytes, kGauge, "in blocks of the malloc behind"),
    ASHLAR_PROCESS(fallback_only, kYes, kGauge, "1: everything goes to the malloc behind"),
    ASHLAR_PROCESS(growth_blocked, kYes, kGauge, "1: another mapping stands where the heap would grow"),
    ASHLAR_PROCESS(resident, kBytes, kGauge, "the heap's part of the resident memory of the process"),
    ASHLAR_PROCESS(untouched, kBytes, kGauge, "allocated or cached, and not resident"),
    ASHLAR_PROCESS(free_resident, kBytes, kGauge, "free in slabs, and resident"),
    ASHLAR_PROCESS(free_absent, kBytes, kGauge, "free in slabs, given back or never used"),
    ASHLAR_PROCESS(dirty_resident, kBytes, kGauge, "free pages that are resident"),
    ASHLAR_PROCESS(clean, kBytes, kGauge, "free pages given back or never used"),
    ASHLAR_PROCESS(metadata_resident, kBytes, kGauge, "tables of the heap that are resident"),
    ASHLAR_PROCESS(residence_unknown, kYes, kGauge, "1: the kernel does not tell what is resident"),
    ASHLAR_PROCESS(refills, kCount, kCounter, "times that thread caches took blocks from slabs"),
    ASHLAR_PROCESS(flushes, kCount, kCounter, "times that thread caches gave blocks back to slabs"),
    ASHLAR_PROCESS(remote_frees, kCount, kCounter, "blocks sent home to another shard"),
    ASHLAR_PROCESS(refill_ns, kNanoseconds, kCounter, "time in refills, of all threads"),
    ASHLAR_PROCESS(purges, kCount, kCounter, "calls that gave memory back to the system"),
    ASHLAR_PROCESS(purged, kBytes, kCounter, "given back to the system"),
    ASHLAR_PROCESS(growths, kCount, kCounter, "times that the heap was extended"),
    ASHLAR_PROCESS(fallback_calls, kCount, kCounter, "requests passed on to the malloc behind"),
    ASHLAR_PROCESS(allocations, kCount, kCounter, "blocks of the size classes handed out, with count:true"),
    ASHLAR_PROCESS(releases, kCount, kCounter, "blocks of the size classes taken back, with count:true"),
    ASHLAR_PROCESS(break_ups, kCount, kCounter, "huge pages of which a part was given back"),
};

inline constexpr std::array kClassRows = {
    ASHLAR_CLASS(size, kBytes, kGauge, "of a block"),
    ASHLAR_CLASS(live, kCount, kGauge, "blocks that the program holds"),
    ASHLAR_CLASS(cached, kCount, kGauge, "free blocks that thread caches hold"),
    ASHLAR_CLASS(free, kCount, kGauge, "free blocks in slabs of the class"),
    ASHLAR_CLASS(slabs, kCount, kGauge, "slabs of the class"),
    ASHLAR_CLASS(slab_bytes, kBytes, kGauge, "in slabs of the class"),
    ASHLAR_CLASS(refills, kCount, kCounter, "times that thread caches took blocks from slabs"),
    ASHLAR_CLASS(flushes, kCount, kCounter, "times that thread caches gave blocks back to slabs"),
    ASHLAR_CLASS(remote_frees, kCount, kCounter, "blocks sent home to another shard"),
    ASHLAR_CLASS(allocations, kCount, kCounter, "blocks handed out, with count:true"),
    ASHLAR_CLASS(releases, kCount, kCounter, "blocks taken back, with count:true"),
};

inline constexpr std::array kLockRows = {
    ASHLAR_LOCK(acquisitions, kCount, kCounter,
                "times that a lock of the heap's own was taken, with count:true"),
    ASHLAR_LOCK(contended, kCount, kCounter, "of these, times that a thread had to wait"),
    ASHLAR_LOCK(wait_ns, kNanoseconds, kCounter, "time that threads waited, all together"),
    ASHLAR_LOCK(wait_max_ns, kNanoseconds, kGauge, "the longest wait"),
};

#undef ASHLAR_LOCK
#undef ASHLAR_CLASS
#undef ASHLAR_PROCESS
#undef ASHLAR_ROW

namespace detail {

// Returns whether every byte of the structure belongs to one row.
template <typename Rows>
constexpr bool covers(const Rows& rows, std::size_t size) {
    std::size_t end = 0;
    for (const Row& row : rows) {
        if (row.offset != end) return false;
        end += row.width;
    }
    return end == size;
}

} // namespace detail

static_assert(detail::covers(kProcessRows, sizeof(ashlar_statistics)));
static_assert(detail::covers(kClassRows, sizeof(ashlar_class_statistics)));
static_assert(detail::covers(kLockRows, sizeof(ashlar_lock_statistics)));

} // namespace ashlar::observe
