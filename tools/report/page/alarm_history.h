// SPDX-License-Identifier: MIT
// The references of the alarm so far as one HTML file: what each benchmark cost at each of them.
#pragma once

#include "alarm/reference.h"

#include <string>

namespace ashlar::report::page {

std::string alarm_history(const alarm::History& history);

} // namespace ashlar::report::page
