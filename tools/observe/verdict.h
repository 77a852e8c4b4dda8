// SPDX-License-Identifier: MIT
// Judges a process's memory in words: leak, retained memory, fragmentation or cache, and the change that
// would help.
#pragma once

#include "observe/ledger.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ashlar::observe {

enum class Verdict { kLeak, kCache, kInUse, kRetained, kFragmented, kHugePages, kNotHeap, kUndecided };
const char* verdict_name(Verdict verdict); // "leak suspected"

// Readings, and seconds that they span, needed at least to judge whether live memory grows.
inline constexpr std::size_t kReadings = 17;
inline constexpr double kShortest = 1;

// Change of live memory since an earlier reading. Nothing is known about the time between.
struct Change {
    std::int64_t bytes;
    double seconds;
    std::uint64_t growing_size = 0; // see Evidence
};

// The facts that a verdict is based on.
struct Evidence {
    pid_t process = 0;
    Ledger ledger{}; // of the last reading
    // Bytes that the program held, in readings at about equal distances. The first and the last are those of
    // the two ledgers. Growth is unknown with fewer than kReadings, or in less than kShortest.
    std::vector<std::uint64_t> live{};
    std::optional<Change> since{};
    double seconds = 0;             // from the first reading to the last
    bool is_idle = false;           // no block moved between caches and slabs meanwhile
    std::uint64_t growing_size = 0; // bytes of the blocks that grew most; 0: large blocks, or unknown
    std::uint64_t sparse_size = 0;  // bytes of the blocks whose slabs hold most free memory; 0: unknown
    bool is_heap_split = true;      // the heap's tables could be read
};

// Returns whether live memory grows. Every reading of the second half must exceed every one of the first. The
// last quarter must exceed the third on average and still grow. The growth must be at least 64 KiB, more than
// blocks that move between caches and slabs. Returns false for fewer than kReadings.
bool grows(const std::vector<std::uint64_t>& live);

// Returns whether live memory grew by at least 1/20 of its size and was steady in the last quarter.
bool grew_and_stays(const std::vector<std::uint64_t>& live);

struct Judgement {
    Verdict verdict = Verdict::kUndecided;
    std::string sentence; // the observation
    std::string advice;   // the setting or command that would help
};
Judgement judge(const Evidence& evidence);

} // namespace ashlar::observe
