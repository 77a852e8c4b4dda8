// SPDX-License-Identifier: MIT
//
// Start and exit of the process happen by themselves, once lifecycle.cc is linked. Nothing of it is ever
// called, so whoever offers Ashlar to a program refers to this. A linker takes from an archive only what
// somebody refers to.
#pragma once

namespace ashlar::entry {

[[gnu::visibility("hidden")]] extern const char kLifecycleLinked;

} // namespace ashlar::entry
