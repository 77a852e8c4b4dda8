// SPDX-License-Identifier: MIT
// Text in lines that fit a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ashlar::document {

// Breaks lines between words. The first one begins at column `start`; the others at `indent`, or at `start`.
std::string wrapped(std::string_view text, std::size_t columns, std::size_t start);
std::string wrapped(std::string_view text, std::size_t columns, std::size_t start, std::size_t indent);

// Paragraphs with empty lines between them. Lines that begin with a blank stand for themselves, as examples
// and tables do. One that is too long is broken at the gap before its explanation, or as a shell command is.
std::string wrapped_paragraphs(std::string_view text, std::size_t columns);

} // namespace ashlar::document
