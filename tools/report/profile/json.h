// SPDX-License-Identifier: MIT
// A profile for programs: every view with its sites, in bytes, blocks and seconds, with 95 % intervals.
#pragma once

#include "profile/summary.h"

#include <iosfwd>
#include <vector>

namespace ashlar::report::profile {

void write_json(std::ostream& out, const std::vector<ashlar::profile::Summary>& summaries,
                const ashlar::profile::Frames& frames, std::uint64_t temporary_within);

} // namespace ashlar::report::profile
