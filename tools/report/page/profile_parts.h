// SPDX-License-Identifier: MIT
// profile.css, the scripts and the bundled flame graph, which the build puts into the program.
#pragma once

namespace ashlar::report::page {

extern const char* const kProfileStyle;
extern const char* const kFlamesScript;
extern const char* const kProfileScript;
extern const char* const kLocksScript;
extern const char* const
    kFlameGraph; // empty if npm was not there when the program was built, or had no network

} // namespace ashlar::report::page
