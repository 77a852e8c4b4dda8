// SPDX-License-Identifier: MIT
//
// Random operations of a seeded generator: all functions, with the sizes programs use. A few must be refused.
#pragma once

#include "build_kind.h"
#include "operation.h"
#include "random.h"

#include <cstddef>
#include <iterator>

namespace common {

inline std::size_t impossible_size(Random& random) {
    // A sanitizer's malloc, the fallback, warns of such requests. Those above PTRDIFF_MAX do not reach it.
    return random.next() | std::size_t{1} << (kSanitized || random.chance(50) ? 63 : 47);
}

// Returns an alignment, mostly up to a page and sometimes up to 1 MiB.
inline std::size_t any_alignment(Random& random) {
    if (random.chance(2)) return random.next(); // mostly an invalid alignment
    return std::size_t{1} << random.below(random.chance(95) ? 13 : 21);
}

inline Call any_call_that_allocates(Random& random) {
    const std::size_t kind = random.below(100);
    if (kind < 50) return Call::kMalloc;
    if (kind < 65) return Call::kCalloc;
    if (kind < 70) return Call::kRealloc; // of a null pointer
    constexpr Call kAligned[] = {Call::kAlignedAlloc, Call::kMemalign, Call::kPosixMemalign, Call::kValloc,
                                 Call::kPvalloc};
    return kAligned[random.below(std::size(kAligned))];
}

// Returns the operation with the further arguments that `call` needs.
inline Operation any_operation(Random& random, Call call, std::size_t slot, std::size_t bytes) {
    Operation operation{.call = call, .slot = slot, .size = bytes};
    switch (call) {
    case Call::kCalloc:
    case Call::kReallocarray:
        operation.count = 1 + random.below(16);
        operation.size /= operation.count;
        break;
    case Call::kAlignedAlloc:
    case Call::kMemalign:
    case Call::kPosixMemalign:
        operation.alignment = any_alignment(random);
        break;
    default:
        break;
    }
    return operation;
}

inline Operation any_allocation(Random& random, std::size_t slot, std::size_t bytes) {
    return any_operation(random, any_call_that_allocates(random), slot, bytes);
}

inline Operation any_resize(Random& random, std::size_t slot, std::size_t bytes) {
    return any_operation(random, random.chance(50) ? Call::kRealloc : Call::kReallocarray, slot, bytes);
}

inline Operation any_release(Random& random, std::size_t slot) {
    return {.call = random.chance(30) ? Call::kFreeSized : Call::kFree, .slot = slot};
}

} // namespace common
