// SPDX-License-Identifier: MIT
// What the other end of an output stream can show.
#pragma once

#include <cstdio>

namespace ashlar::machine {

bool is_terminal(std::FILE* stream);

// A terminal with colours, whose user has not set NO_COLOR.
bool shows_colour(std::FILE* stream);

// Of a terminal; elsewhere what the variable COLUMNS says, from 40, else 80.
int columns(std::FILE* stream);

} // namespace ashlar::machine
