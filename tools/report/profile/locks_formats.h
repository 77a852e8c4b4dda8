// SPDX-License-Identifier: MIT
// A profile of locks in the formats of other programs, of all processes together.
#pragma once

#include "report/profile/locks_text.h"

#include <iosfwd>

namespace ashlar::report::profile {

// "main;serve;lock_table 1234", in microseconds; the innermost is the name of the lock.
void write_waits_folded(std::ostream& out, const LockReports& reports, const ashlar::profile::Frames& frames);

// For https://www.speedscope.app: waits, holds, and what kept others waiting. The innermost is the lock.
void write_locks_speedscope(std::ostream& out, const LockReports& reports, ashlar::profile::Frames& frames);

// For pprof: the waits, by the types that Go's profiles of contention have, `contentions` and `delay`. The
// lock is a label.
void write_locks_pprof(std::ostream& out, const LockReports& reports, ashlar::profile::Frames& frames);

} // namespace ashlar::report::profile
