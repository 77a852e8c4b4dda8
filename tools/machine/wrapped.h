// SPDX-License-Identifier: MIT
// Text in lines that fit a terminal. Words in backquotes or quotes are one word: commands and names to copy.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ashlar::machine {

// Columns of UTF-8 text, without the terminal's codes for colours. No wide characters are printed.
std::size_t width(std::string_view text);

// Breaks lines between words. The first one begins at column `start`; the others at `indent`, or at `start`.
std::string wrapped(std::string_view text, std::size_t columns, std::size_t start);
std::string wrapped(std::string_view text, std::size_t columns, std::size_t start, std::size_t indent);

// Help: paragraphs with empty lines between them. Lines that begin with a blank stand for themselves, as
// examples and tables do. One that is too long is broken at the gap before its explanation, or as a shell
// command is.
std::string wrapped_paragraphs(std::string_view text, std::size_t columns);

// Verdicts, notes and errors: each line is a paragraph. The rest of an indented one, or of an item of a list,
// is indented by two more. What is copied stays in one line: "command: ", "again: " and "example: " begin
// such lines. So do rows of tables, which have more gaps than one, and lines that begin with |.
std::string wrapped_lines(std::string_view text, std::size_t columns);

} // namespace ashlar::machine
