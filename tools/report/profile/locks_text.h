// SPDX-License-Identifier: MIT
// A profile of locks for people.
#pragma once

#include "profile/locks.h"
#include "report/text_table.h"

#include <cstddef>
#include <string>
#include <vector>

namespace ashlar::report::profile {

using LockReports = std::vector<ashlar::profile::LockReport>;

// The first process in full, one line for each other.
std::string locks_text(const LockReports& reports, const ashlar::profile::Frames& frames, std::size_t top,
                       const TextSettings& settings);

// What to do, and what to mind when reading the figures, in sentences.
std::vector<std::string> lock_advice(const ashlar::profile::LockReport& report);
std::vector<std::string> lock_cautions(const ashlar::profile::LockReport& report);

} // namespace ashlar::report::profile
