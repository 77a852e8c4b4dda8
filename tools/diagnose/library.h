// SPDX-License-Identifier: MIT
// The library to preload.
#pragma once

#include "allocators/find.h"

#include <string>

namespace ashlar::diagnose {

// Returns the real path of file `named`. If empty, returns that of the `edition` built or installed with this
// program. Throws std::invalid_argument with a sentence that says what to do if a program of this machine
// cannot preload the file.
std::string library_to_preload(const std::string& named,
                               allocators::Edition edition = allocators::Edition::kDefault);

} // namespace ashlar::diagnose
