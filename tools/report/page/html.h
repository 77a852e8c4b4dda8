// SPDX-License-Identifier: MIT
// A report as one HTML file that needs nothing else. Style and pictures are in it, no script, and its own
// policy forbids the browser to load anything. Every chart has a table behind it.
#pragma once

#include "report/changes.h"

#include <string>

namespace ashlar::report::page {

// `changes` may be null.
std::string html(const Findings& findings, const Changes* changes);

} // namespace ashlar::report::page
