// SPDX-License-Identifier: MIT
// The library that is to be preloaded.
#pragma once

#include "allocators/find.h"

#include <string>

namespace ashlar::diagnose {

// The real path of the file named. If the name is empty, that of the edition of Ashlar that was built or
// installed with this program. Throws std::invalid_argument, with a sentence that says what to do, if it is
// not one that a program of this machine could preload.
std::string library_to_preload(const std::string& named,
                               allocators::Edition edition = allocators::Edition::kDefault);

} // namespace ashlar::diagnose
