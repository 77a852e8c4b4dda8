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

// Describes the first process in full, and each other process in a line.
std::string locks_text(const LockReports& reports, const ashlar::profile::Frames& frames, std::size_t top,
                       const TextSettings& settings);

// Return sentences: advice, and cautions about the figures.
std::vector<std::string> lock_advice(const ashlar::profile::LockReport& report);
std::vector<std::string> lock_cautions(const ashlar::profile::LockReport& report);

} // namespace ashlar::report::profile
