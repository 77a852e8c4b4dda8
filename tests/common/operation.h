// SPDX-License-Identifier: MIT
//
// One call of the interface as data: what the model performs, whoever made it up. That is a seeded generator
// in the stress program, or the bytes of an input in the fuzz target.
#pragma once

#include <cstddef>
#include <cstdint>

namespace common {

enum class Call : std::uint8_t {
    kMalloc,
    kCalloc,
    kRealloc,
    kReallocarray,
    kAlignedAlloc,
    kMemalign,
    kPosixMemalign,
    kValloc,
    kPvalloc,
    kFree,
    kFreeSized, // with the alignment, if the block was asked for with one
    kCheck,
    kTrim,
    kControl,
    kStatistics,
};
inline constexpr unsigned kCalls = 15;

struct Operation {
    Call call = Call::kCheck;
    std::size_t slot = 0;      // whose block; calls that allocate first release what is there
    std::size_t size = 0;      // of each, if counted; for kTrim what to keep; for kControl which setting
    std::size_t count = 1;     // of kCalloc and kReallocarray
    std::size_t alignment = 0; // of the aligned calls; not always a valid one
};

inline const char* name_of(Call call) {
    static constexpr const char* kNames[kCalls] = {
        "malloc",     "calloc",         "realloc", "reallocarray", "aligned_alloc",
        "memalign",   "posix_memalign", "valloc",  "pvalloc",      "free",
        "free_sized", "check",          "trim",    "control",      "statistics"};
    return kNames[static_cast<unsigned>(call)];
}

} // namespace common
