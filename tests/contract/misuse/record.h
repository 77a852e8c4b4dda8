// SPDX-License-Identifier: MIT
//
// What a child that does one wrong thing tells its parent, in memory that both see: how far it got, and what
// it found damaged. It survives whatever ends the child.
#pragma once

#include <atomic>
#include <cstdarg>
#include <cstdint>
#include <cstdio>

namespace misuse {

enum class Moment : std::uint8_t {
    kBefore, // nothing wrong was done yet
    kCall,   // in the wrong call or access itself
    kLater,  // in ordinary work after it, or when a thread ended
    kExit,   // in exit()
};

struct Record {
    std::atomic<Moment> moment;
    bool skipped;     // nothing wrong could be done: the block did not move, for one
    char damage[160]; // the first that was found; empty: none

    [[gnu::format(printf, 2, 3)]] void note_damage(const char* format, ...) {
        if (damage[0] != '\0') return;
        va_list values;
        va_start(values, format);
        std::vsnprintf(damage, sizeof damage, format, values);
        va_end(values);
    }
};

} // namespace misuse
