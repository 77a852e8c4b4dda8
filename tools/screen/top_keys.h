// SPDX-License-Identifier: MIT
// The keys of `ashlar top`, as in top and htop.
#pragma once

#include "screen/terminal.h"
#include "screen/top_state.h"

namespace ashlar::screen {

enum class Request {
    kNothing, // draw again
    kQuit,
    kLook,  // read the processes now
    kDelay, // ask for the delay
};
Request press(TopState& state, KeyPress pressed, std::size_t rows);

} // namespace ashlar::screen
