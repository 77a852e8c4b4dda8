// SPDX-License-Identifier: MIT
// Whether a preloaded allocator served the requests of a program.
#pragma once

#include "measure/child.h"

#include <string>

namespace ashlar::allocators {

// Says, as the rest of a sentence, why a preloaded library did not serve a run. The run's command must have
// set measure::Command::prove_preload. Returns an empty text if the library served the run, or if that is
// unknown. A killed run is unknown too: it may have ended before there was evidence.
std::string why_unserved(const measure::Run& run);

} // namespace ashlar::allocators
