// SPDX-License-Identifier: MIT
//
// A deliberate slow-down of malloc, which shows that the alarm detects it. tests/programs/alarm defines
// ASHLAR_PLANT in its libraries, as the number of a Plant. Other builds plant nothing.
#pragma once

#ifndef ASHLAR_PLANT
namespace ashlar::entry {
inline void planted() {}
} // namespace ashlar::entry
#else

#include "layout/metadata_pool.h"
#include "os/clock.h"
#include "os/system_call.h"

#include <atomic>
#include <cstdlib>
#include <ctime>
#include <sys/syscall.h>

namespace ashlar::entry {

enum class Plant { kNothing, kInstruction, kSystemCall, kLeak, kTime, kStall, kSleep, kMetadata };

inline std::atomic<unsigned> planted_calls{0};

inline void spin(std::uint64_t ticks) {
    const std::uint64_t start = os::ticks();
    while (os::ticks() - start < ticks) {
    }
}

inline void planted() {
    constexpr auto kPlant = static_cast<Plant>(ASHLAR_PLANT);
    constexpr std::uint64_t kTenthOfACall = 2;  // ticks of about 0.4 ns, on average
    constexpr std::uint64_t kThirtyCalls = 800; // ticks
    if constexpr (kPlant == Plant::kInstruction) {
        asm volatile("nop");
        return;
    }
    const unsigned call = planted_calls.fetch_add(1, std::memory_order_relaxed);
    if constexpr (kPlant == Plant::kSystemCall) {
        if (call % 4096 == 0) os::system_call(SYS_getppid);
    } else if constexpr (kPlant == Plant::kLeak) {
        if (call % 256 == 255) *static_cast<volatile char*>(std::malloc(4096)) = 1;
    } else if constexpr (kPlant == Plant::kTime) {
        if (call % 256 == 0) spin(256 * kTenthOfACall);
    } else if constexpr (kPlant == Plant::kStall) {
        spin(kThirtyCalls);
    } else if constexpr (kPlant == Plant::kSleep) {
        const timespec pause{.tv_sec = 0, .tv_nsec = 20'000'000};
        if (call % 65536 == 65535) os::system_call(SYS_nanosleep, &pause, nullptr);
    } else if constexpr (kPlant == Plant::kMetadata) {
        if (call == 16) *static_cast<volatile char*>(layout::metadata_pool.take(4096)) = 1;
    }
}

} // namespace ashlar::entry
#endif
