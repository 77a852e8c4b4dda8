// SPDX-License-Identifier: MIT
//
// What this build can be asked. Under a sanitizer the fallback is the sanitizer's malloc, most of the address
// space is its shadow, and a limit on it cannot be set.
#pragma once

#include "common/build_kind.h"

#include <catch2/catch.hpp>

namespace unit {

using common::kAddressSanitizer;
using common::kThreadSanitizer;
inline constexpr bool kSanitizer = common::kSanitized;

} // namespace unit

// Ends the test case here, saying why.
#define UNIT_SKIP_IF(condition, reason)                                                                      \
    if (condition) {                                                                                         \
        WARN("skipped: " reason);                                                                            \
        return;                                                                                              \
    }                                                                                                        \
    static_assert(true)
