// SPDX-License-Identifier: MIT
// All facts about a program's locks, for other programs. docs/locks.md lists the fields.
#pragma once

#include "report/profile/locks_text.h"

#include <iosfwd>

namespace ashlar::report::profile {

void write_locks_json(std::ostream& out, const LockReports& reports, const ashlar::profile::Frames& frames);

} // namespace ashlar::report::profile
