// SPDX-License-Identifier: MIT
#pragma once

#include "profile/recording.h"

#include <filesystem>

namespace ashlar::profile {

// Reads a recording of Ashlar or a heap_v2 profile of jemalloc. Leaves out and counts truncated, incomplete
// and damaged records. Throws std::runtime_error with a sentence that names the file and says what to do if
// the format or its version is another.
Recording read_recording(const std::filesystem::path& file);

} // namespace ashlar::profile
