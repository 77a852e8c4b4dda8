// SPDX-License-Identifier: MIT
// Facts about a function from its DWARF entry.
#pragma once

#include <elfutils/libdw.h>
#include <string>

namespace ashlar::symbols {

// Returns the demangled name with its scope, or an empty string if the entry has none.
std::string function_name(Dwarf_Die* die);

// Returns the value of attribute `which`, such as DW_AT_call_line, or 0 if the entry has none.
unsigned number_of(Dwarf_Die* die, unsigned which);

} // namespace ashlar::symbols
