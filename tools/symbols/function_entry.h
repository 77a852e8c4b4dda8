// SPDX-License-Identifier: MIT
// What an entry of DWARF says of a function.
#pragma once

#include <elfutils/libdw.h>
#include <string>

namespace ashlar::symbols {

// Demangled, with its scope; empty if there is none.
std::string function_name(Dwarf_Die* die);

// The attribute DW_AT_call_line, say; 0 if the entry has none.
unsigned number_of(Dwarf_Die* die, unsigned which);

} // namespace ashlar::symbols
