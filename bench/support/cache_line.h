// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace bench {

// Bytes that the adjacent-line prefetcher treats as one unit: the distance between data of different threads.
constexpr std::size_t kCacheLinePair = 128;

} // namespace bench
