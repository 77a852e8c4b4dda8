// SPDX-License-Identifier: MIT
// A profile as one self-contained HTML file. Shows a flame graph of each view, a sortable table of sites,
// callers and callees of a function, and memory over time. Contains its script and data. Its own policy
// forbids the browser to load anything.
#pragma once

#include "report/page/profile_content.h"

#include <string>

namespace ashlar::report::page {

std::string profile_html(const ProfileContent& content);

} // namespace ashlar::report::page
