// SPDX-License-Identifier: MIT
//
// Records of the whole heap for the profiler's file, written at marks and once a second.
#pragma once

#include "observe/record_file.h"

#include <cstdint>

namespace ashlar::observe {

// Bit of Facts::id: the sample is in no file, and only outside profilers know it (os/memory_probes.h).
inline constexpr std::uint64_t kInNoFile = std::uint64_t{1} << 63;

// Writes the names of the values in kCounts records. Call it once per file, before write_counts().
void write_count_names(RecordFile& file);
void write_counts(RecordFile& file, std::uint64_t time);

// Writes the share of each live sample in the free bytes of its slab. Omits samples up to number `base`.
void write_pinned(RecordFile& file, std::uint64_t time, std::uint64_t base);

} // namespace ashlar::observe
