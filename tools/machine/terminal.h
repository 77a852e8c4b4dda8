// SPDX-License-Identifier: MIT
// What the other end of an output stream can show, and text for whoever reads there.
#pragma once

#include <cstdio>
#include <fmt/format.h>
#include <string_view>
#include <utility>

namespace ashlar::machine {

bool is_terminal(std::FILE* stream);

// A terminal with colours, whose user has not set NO_COLOR.
bool shows_colour(std::FILE* stream);

// Of a terminal; elsewhere what the variable COLUMNS says, from 40, else 80.
int columns(std::FILE* stream);

// Writes whole lines for people. A terminal gets them broken to its width, a pipe or file as they are. All
// that sub-commands say goes through here.
void write_lines(std::FILE* stream, std::string_view text);

template <class... Values>
void tell(std::FILE* stream, fmt::format_string<Values...> format, Values&&... values) {
    write_lines(stream, fmt::format(format, std::forward<Values>(values)...));
}

} // namespace ashlar::machine
