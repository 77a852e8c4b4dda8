// SPDX-License-Identifier: MIT
#include "symbols/demangle.h"

#include <cstdlib>
#include <libiberty/demangle.h>

namespace ashlar::symbols {

std::string demangled(const std::string& name) {
    // The demangler takes some plain C names for types, so check the prefix first.
    if (!name.starts_with("_Z") && !name.starts_with("_R")) {
        return name;
    }
    char* const text = cplus_demangle(name.c_str(), DMGL_AUTO | DMGL_ANSI);
    if (text == nullptr) {
        return name;
    }
    std::string result(text);
    std::free(text); // NOLINT(cppcoreguidelines-no-malloc): the demangler's
    return result;
}

} // namespace ashlar::symbols
