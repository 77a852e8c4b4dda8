// SPDX-License-Identifier: MIT
// A report as one self-contained HTML file, with style and pictures and without scripts. Its own policy
// forbids the browser to load anything. Every chart has a table behind it.
#pragma once

#include "report/changes.h"

#include <string>

namespace ashlar::report::page {

// `changes` may be null.
std::string html(const Findings& findings, const Changes* changes);

} // namespace ashlar::report::page
