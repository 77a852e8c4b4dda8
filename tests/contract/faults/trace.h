// SPDX-License-Identifier: MIT
//
// A seeded sequence of operations over the whole interface, from 1 byte to blocks beyond the window's limit.
// Each block must be aligned, as large as requested, and zero if calloc made it. It must keep its contents
// until it is resized or released. A failing call must return null with ENOMEM and leave the old block
// unchanged. A system call of the same thread must have failed meanwhile. A successful call keeps errno.
#pragma once

#include <cstddef>
#include <cstdint>

namespace faults {

// Value for ASHLAR_CONF. Few blocks of the trace are larger.
inline constexpr std::size_t kLargeLimit = std::size_t{6} << 20;

// Runs `steps` operations, divided among the threads, which swap blocks. Releases every block in the end.
void run_trace(std::uint64_t seed, unsigned threads, std::uint64_t steps);

} // namespace faults
