// SPDX-License-Identifier: MIT
// What the keys of `ashlar top` do, as in top and htop.
#pragma once

#include "screen/terminal.h"
#include "screen/top_state.h"

namespace ashlar::screen {

enum class Request {
    kNothing, // the picture is to be drawn anew
    kQuit,
    kLook,  // at the processes, now
    kDelay, // to be asked for
};
Request press(TopState& state, KeyPress pressed, std::size_t rows);

} // namespace ashlar::screen
