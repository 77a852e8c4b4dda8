// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace bench {

// What the adjacent-line prefetcher treats as one: what one thread writes is kept so far from what others
// use.
constexpr std::size_t kCacheLinePair = 128;

} // namespace bench
