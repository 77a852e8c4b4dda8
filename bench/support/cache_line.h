// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace bench {

// Bytes that the adjacent-line prefetcher treats as one unit. Data that one thread writes is at least this
// far from other threads' data.
constexpr std::size_t kCacheLinePair = 128;

} // namespace bench
