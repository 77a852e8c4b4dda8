// SPDX-License-Identifier: MIT
// The pictures of `ashlar top`: the list of processes, one process, the keys.
#pragma once

#include "screen/canvas.h"
#include "screen/top_state.h"

namespace ashlar::screen {

// What the state says is to be seen. Moves `first` so that the selected line is.
void draw(TopState& state, Canvas& canvas);

} // namespace ashlar::screen
