// SPDX-License-Identifier: MIT
//
// One call of the interface as data. The model performs operations. A seeded generator (stress program) or
// the bytes of an input (fuzz target) supplies them.
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
    kFreeSized, // with the alignment if the block has one
    kCheck,
    kTrim,
    kControl,
    kStatistics,
};
inline constexpr unsigned kCalls = 15;

struct Operation {
    Call call = Call::kCheck;
    std::size_t slot = 0;      // of the block; a call that allocates first frees the slot's block
    std::size_t size = 0;      // per element if counted; kTrim: bytes to keep; kControl: setting's index
    std::size_t count = 1;     // elements, for kCalloc and kReallocarray
    std::size_t alignment = 0; // for the aligned calls; may be invalid
};

inline const char* name_of(Call call) {
    static constexpr const char* kNames[kCalls] = {
        "malloc",     "calloc",         "realloc", "reallocarray", "aligned_alloc",
        "memalign",   "posix_memalign", "valloc",  "pvalloc",      "free",
        "free_sized", "check",          "trim",    "control",      "statistics"};
    return kNames[static_cast<unsigned>(call)];
}

} // namespace common
