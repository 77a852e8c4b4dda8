// SPDX-License-Identifier: MIT
//
// Under which sanitizer this was compiled. They cost ten times the time and memory, so counts shrink and
// resident memory says nothing.
#pragma once

#include <cstddef>

namespace common {

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

inline constexpr bool kSanitized = kThreadSanitizer || kAddressSanitizer;

// What lies behind every block of Ashlar's where the address sanitizer watches.
inline constexpr std::size_t kRedZone = kAddressSanitizer ? 16 : 0;

// A count for a plain build, reduced where a sanitizer watches.
constexpr unsigned long scaled(unsigned long count) {
    return kSanitized ? (count + 9) / 10 : count;
}

} // namespace common
