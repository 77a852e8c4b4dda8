// SPDX-License-Identifier: MIT
// Escapes text for HTML and SVG. Names of allocators, commands and messages are untrusted, so all pass
// through here.
#pragma once

#include <string>
#include <string_view>

namespace ashlar::report::chart {

// Escapes content and attributes in either kind of quotes. Control characters, which no document may contain,
// become the replacement character.
std::string escaped(std::string_view text);

// Returns a number for an attribute: short, never in scientific notation, never "nan".
std::string number(double value);

} // namespace ashlar::report::chart
