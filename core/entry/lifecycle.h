// SPDX-License-Identifier: MIT
//
// Start and exit of the process. lifecycle.cc only has to be linked: its functions are never called. A linker
// takes from an archive only what is referenced. So code that offers Ashlar to a program references this
// constant.
#pragma once

namespace ashlar::entry {

[[gnu::visibility("hidden")]] extern const char kLifecycleLinked;

} // namespace ashlar::entry
