// SPDX-License-Identifier: MIT
// Stacks for the files of other programs: from the outermost frame inwards, all processes together.
#pragma once

#include "profile/summary.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ashlar::report::profile {

struct ExportedStack {
    std::vector<std::uint32_t> frames; // outermost first
    double bytes = 0;
    double blocks = 0;
};

// With several processes, the first frame is the process: "make (4711)".
std::vector<ExportedStack> exported(const std::vector<ashlar::profile::Summary>& summaries,
                                    ashlar::profile::View view, ashlar::profile::Frames& frames);

} // namespace ashlar::report::profile
