// SPDX-License-Identifier: MIT
//
// Meetings, at which all threads want the same few locks. Each allocates blocks of one size and releases what
// others allocated, and hardly does anything else. With small caches every few calls go to the same bins, and
// large blocks each to the store of slice runs. A thread that is descheduled while it holds such a lock lets
// all others wait for it. One that forks meanwhile forks in the middle of a change.
#pragma once

#include "common/random.h"

#include <cstddef>

namespace soak {

// For the main thread, again and again: opens a meeting when it is time, and closes it.
void hold_meetings(common::Random& random);

// Of which size blocks are wanted now; 0 if there is no meeting.
std::size_t wanted_at_meeting();

// Some blocks, by the calling thread.
void meet(std::size_t size, common::Random& random);

// Releases what is left of all meetings. In a forked child it is the child's.
void clear_meeting();

} // namespace soak
