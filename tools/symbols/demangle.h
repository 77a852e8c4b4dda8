// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace ashlar::symbols {

// Returns "std::vector<int>::push_back" for "_ZNSt6vectorIiE9push_backEv". Leaves out parameters. Also
// decodes both of Rust's manglings. Returns other names unchanged.
std::string demangled(const std::string& name);

} // namespace ashlar::symbols
