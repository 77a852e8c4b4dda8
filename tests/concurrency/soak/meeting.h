// SPDX-License-Identifier: MIT
//
// Meetings, at which all threads need the same few locks. Each allocates blocks of one size, releases blocks
// of others, and does little else. With small caches every few calls use the same bins, and every large block
// uses the store of slice runs. A thread descheduled with such a lock makes all others wait. A thread that
// forks meanwhile forks in the middle of a change.
#pragma once

#include "common/random.h"

#include <cstddef>

namespace soak {

// Opens a meeting when it is due, and closes it. The main thread calls it again and again.
void hold_meetings(common::Random& random);

// Returns the block size of the current meeting, or 0 without a meeting.
std::size_t wanted_at_meeting();

// Allocates some blocks in the calling thread, and releases those of another.
void meet(std::size_t size, common::Random& random);

// Releases the remaining blocks of all meetings. A forked child owns its copies.
void clear_meeting();

} // namespace soak
