// SPDX-License-Identifier: MIT
//
// The kernel that this program runs on, as far as it moves pages, is an older one:
//
//   6.16  moves pages of one mapping only. What lies in several it refuses with EFAULT, after it has unmapped
//         the target. This is what Linux 5.7 to 6.16 do.
//   5.6   does not know the call (MREMAP_DONTUNMAP): EINVAL.
//
// The variable ASHLAR_TEST_KERNEL chooses; without it the kernel is what it is. Link with
// --wrap=ashlar_system_call (core/os/system_call.h).
#pragma once

#include <atomic>
#include <cstdint>

namespace faults {

inline constexpr const char* kKernelVariable = "ASHLAR_TEST_KERNEL";

struct Moves {
    std::atomic<std::uint64_t> done{0};
    std::atomic<std::uint64_t> refused{0};    // because what was to be moved lay in several mappings
    std::atomic<std::uint64_t> done_after{0}; // the first one that was refused so
};
extern constinit Moves moves;

} // namespace faults
