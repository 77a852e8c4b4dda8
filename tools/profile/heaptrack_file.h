// SPDX-License-Identifier: MIT
// What heaptrack records, by way of heaptrack_print: its text names every stack with one figure or two in
// each of four lists.
//
//   PEAK MEMORY CONSUMERS
//   1.07M peak memory consumed over 100 calls from
//     load_table(int)
//       at /src/table.cc:42
//       in /usr/bin/program
//     main                             a frame without "in" was inlined into, or holds, the one before
//       at /src/main.cc:7
#pragma once

#include "profile/names.h"

#include <filesystem>
#include <string_view>
#include <vector>

namespace ashlar::profile {

struct HeaptrackStack {
    std::vector<Frame> frames; // innermost first; empty if none was recorded
    double bytes = 0;          // rounded by heaptrack_print to two digits behind the point
    double calls = 0;          // of malloc and the like, ever, through this stack
};

struct HeaptrackProfile {
    std::string program;
    double seconds = 0;
    std::vector<HeaptrackStack> peak;
    std::vector<HeaptrackStack> leaks;
    std::vector<HeaptrackStack> allocated; // calls alone
    std::vector<HeaptrackStack> temporary; // calls alone: freed before the next block was allocated
};

// By its first bytes (compressed with zstd or gzip), or as heaptrack writes them uncompressed.
bool is_heaptrack_file(const std::filesystem::path& file);

// Throws std::runtime_error, with a sentence that says what to do, if heaptrack_print is missing or finds no
// allocation in the file.
HeaptrackProfile read_heaptrack_file(const std::filesystem::path& file);

// What heaptrack_print wrote. What is cut off is left out.
HeaptrackProfile parse_heaptrack_text(std::string_view text);

} // namespace ashlar::profile
