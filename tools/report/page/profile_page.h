// SPDX-License-Identifier: MIT
// A profile as one HTML file that needs nothing else. It has a flame graph of each view, the places in a
// table that can be sorted, callers and callees of a function, and memory over time. Its script and its data
// are in it; its own policy forbids the browser to load anything.
#pragma once

#include "report/page/profile_content.h"

#include <string>

namespace ashlar::report::page {

std::string profile_html(const ProfileContent& content);

} // namespace ashlar::report::page
