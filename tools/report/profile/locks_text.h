// SPDX-License-Identifier: MIT
// A profile of locks for people, and its waits as folded stacks.
#pragma once

#include "profile/locks.h"
#include "report/text_table.h"

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

namespace ashlar::report::profile {

using LockReports = std::vector<ashlar::profile::LockReport>;

// The first process in full, one line for each other.
std::string locks_text(const LockReports& reports, const ashlar::profile::Frames& frames, std::size_t top,
                       const TextSettings& settings);

// "main;serve;lock_table 1234", in microseconds; the innermost is the name of the lock.
void write_waits_folded(std::ostream& out, const LockReports& reports, const ashlar::profile::Frames& frames);

} // namespace ashlar::report::profile
