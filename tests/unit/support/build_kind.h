// SPDX-License-Identifier: MIT
//
// The kind of this build. Under a sanitizer the fallback is the sanitizer's malloc. Its shadow occupies most
// of the address space, so limits on address space are impossible.
#pragma once

#include "common/build_kind.h"

#include <catch2/catch.hpp>

namespace unit {

using common::kAddressSanitizer;
using common::kThreadSanitizer;
inline constexpr bool kSanitizer = common::kSanitized;

} // namespace unit

// Ends the test case here and prints `reason`.
#define UNIT_SKIP_IF(condition, reason)                                                                      \
    if (condition) {                                                                                         \
        WARN("skipped: " reason);                                                                            \
        return;                                                                                              \
    }                                                                                                        \
    static_assert(true)
