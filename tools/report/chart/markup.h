// SPDX-License-Identifier: MIT
// Text from elsewhere, made safe for HTML and SVG. Names of allocators, commands and messages come from files
// that anybody may have written: everything of them goes through here.
#pragma once

#include <string>
#include <string_view>

namespace ashlar::report::chart {

// For content and for attributes in either kind of quotes. Control characters, which no document may hold,
// become the replacement character.
std::string escaped(std::string_view text);

// A number for an attribute: short, never in scientific notation, never "nan".
std::string number(double value);

} // namespace ashlar::report::chart
