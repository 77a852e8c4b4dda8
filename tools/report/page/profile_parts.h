// SPDX-License-Identifier: MIT
// profile.css, the scripts and the bundled flame graph, which the build embeds in the program.
#pragma once

namespace ashlar::report::page {

extern const char* const kProfileStyle;
extern const char* const kFlamesScript;
extern const char* const kProfileScript;
extern const char* const kLocksScript;
extern const char* const kFlameGraph; // empty if the build had no npm or no network

} // namespace ashlar::report::page
