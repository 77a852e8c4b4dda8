// SPDX-License-Identifier: MIT
// From files to recordings.
#pragma once

#include "profile/recording.h"

#include <filesystem>

namespace ashlar::profile {

// A recording of Ashlar's, or a heap_v2 profile of jemalloc's. Throws std::runtime_error, with a sentence
// that names the file and says what to do, if it is no profile or of another version. What is cut off,
// incomplete or damaged is left out and counted.
Recording read_recording(const std::filesystem::path& file);

} // namespace ashlar::profile
