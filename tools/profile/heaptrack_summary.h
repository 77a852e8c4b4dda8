// SPDX-License-Identifier: MIT
// The views of a file of heaptrack's. It has bytes for those of the peak, the end and leaks. Blocks in all of
// them, and in what was allocated and was temporary, are those that the stack ever allocated.
#pragma once

#include "profile/heaptrack_file.h"
#include "profile/summary.h"

namespace ashlar::profile {

Summary summarise(const HeaptrackProfile& profile, Frames& frames, const SummarySettings& settings = {});

} // namespace ashlar::profile
