// SPDX-License-Identifier: MIT
// A chart of memory over time: live bytes from the samples, and the rows of the ledger if there are any.
#pragma once

#include "profile/recording.h"
#include "report/chart/lines.h"

namespace ashlar::report::page {

chart::Lines memory_over_time(const ashlar::profile::Recording& recording);

} // namespace ashlar::report::page
