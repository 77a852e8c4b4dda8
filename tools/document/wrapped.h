// SPDX-License-Identifier: MIT
// Breaks text into lines that fit a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ashlar::document {

// Breaks lines between words. The first line begins at column `start`, the others at `indent` or `start`.
std::string wrapped(std::string_view text, std::size_t columns, std::size_t start);
std::string wrapped(std::string_view text, std::size_t columns, std::size_t start, std::size_t indent);

// Breaks paragraphs, which empty lines separate. Keeps lines that begin with a blank, as in examples and
// tables. A longer one is broken at the gap before its explanation, or like a shell command.
std::string wrapped_paragraphs(std::string_view text, std::size_t columns);

} // namespace ashlar::document
