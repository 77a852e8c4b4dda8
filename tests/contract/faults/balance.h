// SPDX-License-Identifier: MIT
//
// Checks that nothing was lost. Every block has been released and the heap is trimmed. Then no page is in
// use, dirty or out of the map. No block of the fallback is in use, and every mapped address of the window is
// known.
#pragma once

namespace faults {

// Ends the program by common::fail() if memory was lost.
void require_balance(const char* when);

} // namespace faults
