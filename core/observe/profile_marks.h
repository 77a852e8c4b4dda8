// SPDX-License-Identifier: MIT
//
// Records of the heap as a whole, for the profiler's file: written at marks, and once a second.
#pragma once

#include "observe/record_file.h"

#include <cstdint>

namespace ashlar::observe {

// What the values of each kCounts are. Once in a file, before them.
void write_count_names(RecordFile& file);
void write_counts(RecordFile& file, std::uint64_t time);

// For each live sample with a larger number than `base`: its share of the free bytes in its slab.
void write_pinned(RecordFile& file, std::uint64_t time, std::uint64_t base);

} // namespace ashlar::observe
