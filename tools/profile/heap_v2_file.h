// SPDX-License-Identifier: MIT
// Reads a profile of jemalloc (prof:true, jeprof.*.heap): live blocks by stack, and the mappings. The format
// is text:
//
//   heap_v2/RATE
//   @ ADDRESS ADDRESS ...                          innermost first
//     t*: BLOCKS: BYTES [ALL BLOCKS: ALL BYTES]    all threads; sampled blocks, not scaled up
//   MAPPED_LIBRARIES:
//   lines of /proc/PID/maps
#pragma once

#include "profile/recording.h"

#include <string_view>

namespace ashlar::profile {

inline constexpr std::string_view kHeapV2 = "heap_v2/"; // first bytes of such a file

// Returns a recording of one moment: no block is freed in it, and times are 0. Throws std::runtime_error with
// a sentence that names the line if `text` has another format. Reads a truncated file up to its end.
Recording parse_heap_v2(std::string_view text);

} // namespace ashlar::profile
