// SPDX-License-Identifier: MIT
//
// What this build can be asked. Under a sanitizer the fallback is the sanitizer's malloc, most of the address
// space is its shadow, and a limit on it cannot be set.
#pragma once

#include "support/build_kind.h"

#include <catch2/catch.hpp>

namespace unit {

using support::kAddressSanitizer;
using support::kThreadSanitizer;
inline constexpr bool kSanitizer = support::kSanitized;

} // namespace unit

// Ends the test case here, saying why.
#define UNIT_SKIP_IF(condition, reason)                                                                      \
    if (condition) {                                                                                         \
        WARN("skipped: " reason);                                                                            \
        return;                                                                                              \
    }                                                                                                        \
    static_assert(true)
