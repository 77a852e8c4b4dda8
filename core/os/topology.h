// SPDX-License-Identifier: MIT
//
// How many processors this process may use.
#pragma once

namespace ashlar::os {

// Processors in the affinity mask; 1 if the kernel will not say. One system call, no file is read. Ask only
// when the answer is needed: some sandboxes kill a process for a call that they do not know.
unsigned processors();

} // namespace ashlar::os
