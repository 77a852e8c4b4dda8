// SPDX-License-Identifier: MIT
// Names of functions as their authors wrote them.
#pragma once

#include <string>

namespace ashlar::symbols {

// "std::vector<int>::push_back" of "_ZNSt6vectorIiE9push_backEv", likewise for Rust (both of its manglings);
// parameters are left out. Other names come back as they are.
std::string demangled(const std::string& name);

} // namespace ashlar::symbols
