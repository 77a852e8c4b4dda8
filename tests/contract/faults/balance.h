// SPDX-License-Identifier: MIT
//
// That nothing was lost. Every block has been released and the heap trimmed. Then no page is in use, dirty or
// out of the map. No block of the fallback is out, and no address of the window is unmapped.
#pragma once

namespace faults {

// Ends the program by common::fail() if something is missing.
void require_balance(const char* when);

} // namespace faults
