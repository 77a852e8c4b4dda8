// SPDX-License-Identifier: MIT
//
// Slowing one critical section down (`ashlar profile --locks --delay`): whoever acquires a lock by a call
// from a given range of code sleeps before the call returns. Ranges are places in files, since nobody knows
// before a start where a file will be loaded.
//
// While there are delays the mode is kDelaying, so without them nothing is tested.
#pragma once

#include "locks/recording.h"

#include <cstdint>

namespace ashlar::locks {

// To be called in the section, by whoever has acquired the lock with a call that returns to `site`.
void delay_section(const void* lock, std::uintptr_t site);

inline void delay_section_if_wanted(const void* lock, std::uintptr_t site) {
    if (mode.load(std::memory_order_relaxed) == Mode::kDelaying) [[unlikely]]
        delay_section(lock, site);
}

} // namespace ashlar::locks
