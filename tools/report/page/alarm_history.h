// SPDX-License-Identifier: MIT
// The alarm's references as one HTML file: the cost of each benchmark at each reference.
#pragma once

#include "alarm/reference.h"

#include <string>

namespace ashlar::report::page {

std::string alarm_history(const alarm::History& history);

} // namespace ashlar::report::page
