// SPDX-License-Identifier: MIT
// Descriptors 0 to 2, which whoever starts a program may have closed.
#pragma once

namespace ashlar::machine {

// Puts something in the place of those that are closed. So no file or pipe of this program's gets their
// numbers and is then taken for input or output. Reading and writing still fail as they would have, and what
// this process executes gets them closed as before. Call it first in main.
void keep_standard_descriptors();

} // namespace ashlar::machine
