// SPDX-License-Identifier: MIT
//
// A seeded sequence of operations over the whole interface, from one byte to blocks beyond the window's
// limit. Each is checked: the block is aligned, as large as asked for, and zero when it comes from calloc. It
// holds what was written when it is resized and released. What fails must give null with ENOMEM and leave the
// old block as it is. It must have an excuse: a call of this thread into the system that failed meanwhile.
// What succeeds keeps errno.
#pragma once

#include <cstddef>
#include <cstdint>

namespace faults {

// In ASHLAR_CONF: few of the trace's blocks are larger.
inline constexpr std::size_t kLargeLimit = std::size_t{6} << 20;

// Steps are divided among the threads, which swap blocks. Everything is released in the end.
void run_trace(std::uint64_t seed, unsigned threads, std::uint64_t steps);

} // namespace faults
