// SPDX-License-Identifier: MIT
//
// The sanitizer of this build. It costs ten times the time and memory, so counts are lower and RSS is
// unchecked.
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

// Red zone after every block of Ashlar's heap under the address sanitizer, in bytes.
inline constexpr std::size_t kRedZone = kAddressSanitizer ? 16 : 0;

// Returns `count`, or a tenth of `count` under a sanitizer.
constexpr unsigned long scaled(unsigned long count) {
    return kSanitized ? (count + 9) / 10 : count;
}

} // namespace common
