// SPDX-License-Identifier: MIT
// Whether the requests of a program reached the allocator that was preloaded for it.
#pragma once

#include "measure/child.h"

#include <string>

namespace ashlar::allocators {

// Of a run with a preloaded library that was to prove it (measure::Command::prove_preload). Says why the
// library did not serve it, as the rest of a sentence. Empty if it did, or if that could not be seen. Empty
// too if the run was killed: it may have ended before there was anything to see.
std::string why_unserved(const measure::Run& run);

} // namespace ashlar::allocators
