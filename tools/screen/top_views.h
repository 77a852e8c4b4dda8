// SPDX-License-Identifier: MIT
// The views of `ashlar top`: the list of processes, one process, the keys.
#pragma once

#include "screen/canvas.h"
#include "screen/top_state.h"

namespace ashlar::screen {

// Draws the state. Sets `first` so that the selected line is visible.
void draw(TopState& state, Canvas& canvas);

} // namespace ashlar::screen
