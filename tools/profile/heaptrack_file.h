// SPDX-License-Identifier: MIT
// Reads heaptrack's recordings through heaptrack_print. Its text has four lists, which name every stack with
// one or two figures.
//
//   PEAK MEMORY CONSUMERS
//   1.07M peak memory consumed over 100 calls from
//     load_table(int)
//       at /src/table.cc:42
//       in /usr/bin/program
//     main                             no "in": the frame before was inlined into this one
//       at /src/main.cc:7
#pragma once

#include "profile/names.h"

#include <filesystem>
#include <string_view>
#include <vector>

namespace ashlar::profile {

struct HeaptrackStack {
    std::vector<Frame> frames; // innermost first; empty if none was recorded
    double bytes = 0;          // rounded by heaptrack_print to two decimal places
    double calls = 0;          // all calls of malloc and its kin through this stack
};

struct HeaptrackProfile {
    std::string program;
    double seconds = 0;
    std::vector<HeaptrackStack> peak;
    std::vector<HeaptrackStack> leaks;
    std::vector<HeaptrackStack> allocated; // `calls` only
    std::vector<HeaptrackStack> temporary; // `calls` only: freed before the next block was allocated
};

// Recognises the file by its first bytes: zstd, gzip, or heaptrack's uncompressed format.
bool is_heaptrack_file(const std::filesystem::path& file);

// Throws std::runtime_error with advice in a sentence if heaptrack_print is missing or finds no allocation.
HeaptrackProfile read_heaptrack_file(const std::filesystem::path& file);

// Parses the output of heaptrack_print. Leaves out what is truncated.
HeaptrackProfile parse_heaptrack_text(std::string_view text);

} // namespace ashlar::profile
