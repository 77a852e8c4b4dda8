// SPDX-License-Identifier: MIT
// Memory over time as a picture: live bytes by the samples, and the rows of the ledger where there are some.
#pragma once

#include "profile/recording.h"
#include "report/chart/lines.h"

namespace ashlar::report::page {

chart::Lines memory_over_time(const ashlar::profile::Recording& recording);

} // namespace ashlar::report::page
