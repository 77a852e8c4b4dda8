// SPDX-License-Identifier: MIT
// A profile of locks in the formats of other programs, all processes together.
#pragma once

#include "report/profile/locks_text.h"

#include <iosfwd>

namespace ashlar::report::profile {

// Writes "main;serve;lock_table 1234", in microseconds. The innermost frame is the lock's name.
void write_waits_folded(std::ostream& out, const LockReports& reports, const ashlar::profile::Frames& frames);

// Writes a file for https://www.speedscope.app: waits, holds, and stacks that kept others waiting. The
// innermost frame is the lock.
void write_locks_speedscope(std::ostream& out, const LockReports& reports, ashlar::profile::Frames& frames);

// Writes the waits for pprof with the types of Go's contention profiles, `contentions` and `delay`, and locks
// as labels.
void write_locks_pprof(std::ostream& out, const LockReports& reports, ashlar::profile::Frames& frames);

} // namespace ashlar::report::profile
