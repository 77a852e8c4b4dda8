// SPDX-License-Identifier: MIT
// What jemalloc's profiler writes (prof:true, jeprof.*.heap): live blocks by stack, and the mappings. Text:
//
//   heap_v2/RATE
//   @ ADDRESS ADDRESS ...                          innermost first
//     t*: BLOCKS: BYTES [ALL BLOCKS: ALL BYTES]    of all threads; what was sampled, not what it stands for
//   MAPPED_LIBRARIES:
//   lines of /proc/PID/maps
#pragma once

#include "profile/recording.h"

#include <string_view>

namespace ashlar::profile {

inline constexpr std::string_view kHeapV2 = "heap_v2/"; // what such files begin with

// As a recording of one moment: nothing in it was freed, and times are 0. Throws std::runtime_error, with a
// sentence that names the line, for what is not such a file. A file that is cut off is read as far as it
// goes.
Recording parse_heap_v2(std::string_view text);

} // namespace ashlar::profile
