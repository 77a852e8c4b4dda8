// SPDX-License-Identifier: MIT
// The views of a heaptrack file. It has bytes for the peak, the end and leaks only. The blocks of every view
// are all blocks that the stack ever allocated.
#pragma once

#include "profile/heaptrack_file.h"
#include "profile/summary.h"

namespace ashlar::profile {

Summary summarise(const HeaptrackProfile& profile, Frames& frames, const SummarySettings& settings = {});

} // namespace ashlar::profile
