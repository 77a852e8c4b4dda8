// SPDX-License-Identifier: MIT
//
// Records of the heap as a whole, for the profiler's file: written at marks, and once a second.
#pragma once

#include "observe/record_file.h"

#include <cstdint>

namespace ashlar::observe {

// In Facts::id: only others were told of the sample, see os/memory_probes.h.
inline constexpr std::uint64_t kInNoFile = std::uint64_t{1} << 63;

// What the values of each kCounts are. Once in a file, before them.
void write_count_names(RecordFile& file);
void write_counts(RecordFile& file, std::uint64_t time);

// For each live sample with a larger number than `base`: its share of the free bytes in its slab.
void write_pinned(RecordFile& file, std::uint64_t time, std::uint64_t base);

} // namespace ashlar::observe
