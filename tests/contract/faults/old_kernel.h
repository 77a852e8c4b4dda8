// SPDX-License-Identifier: MIT
//
// Simulates an older kernel, as far as it moves pages:
//
//   6.16  moves pages of one mapping only. Refuses pages of several mappings with EFAULT, and unmaps the
//         target first. Linux 5.7 to 6.16 do this.
//   5.6   does not know the call (MREMAP_DONTUNMAP): EINVAL.
//
// The variable ASHLAR_TEST_KERNEL chooses the version. Without it the real kernel answers. Link with
// --wrap=ashlar_system_call (core/os/system_call.h).
#pragma once

#include <atomic>
#include <cstdint>

namespace faults {

inline constexpr const char* kKernelVariable = "ASHLAR_TEST_KERNEL";

struct Moves {
    std::atomic<std::uint64_t> done{0};
    std::atomic<std::uint64_t> refused{0};    // because the source lay in several mappings
    std::atomic<std::uint64_t> done_after{0}; // moves done after the first refusal
};
extern constinit Moves moves;

} // namespace faults
