// SPDX-License-Identifier: MIT
//
// What the child of a misuse reports to its parent, in shared memory: how far it came, and the damage it
// found. It survives any end of the child.
#pragma once

#include <atomic>
#include <cstdarg>
#include <cstdint>
#include <cstdio>

namespace misuse {

enum class Moment : std::uint8_t {
    kBefore, // before the misuse
    kCall,   // in the wrong call or access
    kLater,  // in later ordinary work, or at a thread's end
    kExit,   // in exit()
};

struct Record {
    std::atomic<Moment> moment;
    bool skipped;     // the misuse was impossible; for example, the block did not move
    char damage[160]; // the first damage found; empty if none

    [[gnu::format(printf, 2, 3)]] void note_damage(const char* format, ...) {
        if (damage[0] != '\0') return;
        va_list values;
        va_start(values, format);
        std::vsnprintf(damage, sizeof damage, format, values);
        va_end(values);
    }
};

} // namespace misuse
