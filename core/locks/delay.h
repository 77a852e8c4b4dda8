// SPDX-License-Identifier: MIT
//
// Slows one critical section down (`ashlar profile --locks --delay`). A thread that acquires a lock by a call
// from a given range of code sleeps before the call returns. Ranges are addresses in files, because load
// addresses are unknown before the start.
//
// Any delay sets the mode kDelaying. Without delays lock_alone() therefore tests nothing more.
#pragma once

#include "locks/recording.h"

#include <cstdint>

namespace ashlar::locks {

// Sleeps if a delay covers the call that returns to `site`. The calling thread holds `lock`.
void delay_section(const void* lock, std::uintptr_t site);

inline void delay_section_if_wanted(const void* lock, std::uintptr_t site) {
    if (mode.load(std::memory_order_relaxed) == Mode::kDelaying) [[unlikely]]
        delay_section(lock, site);
}

} // namespace ashlar::locks
