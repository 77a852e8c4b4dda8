// SPDX-License-Identifier: MIT
//
// What this build can be asked. Under a sanitizer the fallback is the sanitizer's malloc, most of the address
// space is its shadow, and a limit on it cannot be set.
#pragma once

#include <catch2/catch.hpp>

namespace unit {

#if defined(__SANITIZE_THREAD__)
inline constexpr bool kThreadSanitizer = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif
#else
inline constexpr bool kThreadSanitizer = false;
#endif

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kAddressSanitizer = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool kAddressSanitizer = true;
#else
inline constexpr bool kAddressSanitizer = false;
#endif
#else
inline constexpr bool kAddressSanitizer = false;
#endif

inline constexpr bool kSanitizer = kThreadSanitizer || kAddressSanitizer;

} // namespace unit

// Ends the test case here, saying why.
#define UNIT_SKIP_IF(condition, reason)                                                                      \
    if (condition) {                                                                                         \
        WARN("skipped: " reason);                                                                            \
        return;                                                                                              \
    }                                                                                                        \
    static_assert(true)
