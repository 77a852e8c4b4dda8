// SPDX-License-Identifier: MIT
// Is it a leak, retained memory, fragmentation or a cache? In words, with the one thing that would help.
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

// What tells whether live memory grows steadily: so many readings, spread over so many seconds or more.
inline constexpr std::size_t kReadings = 17;
inline constexpr double kShortest = 1;

// Of live memory since an earlier reading. Of what was in between nothing is known.
struct Change {
    std::int64_t bytes;
    double seconds;
    std::uint64_t growing_size = 0; // as in Evidence
};

// What the verdict goes by.
struct Evidence {
    pid_t process = 0;
    Ledger ledger{}; // of the last reading
    // Bytes that the program held, in readings that are about as far apart; the first and the last are those
    // of the two ledgers. Fewer than kReadings, or in less than kShortest: whether it grows is not known.
    std::vector<std::uint64_t> live{};
    std::optional<Change> since{};
    double seconds = 0;             // from the first to the last
    bool is_idle = false;           // no block went between caches and slabs meanwhile
    std::uint64_t growing_size = 0; // the size of the blocks that grew most; 0: large ones, or not known
    std::uint64_t sparse_size = 0;  // of the blocks whose slabs hold most free memory; 0: not known
    bool is_heap_split = true;      // the heap's tables could be read
};

// Whether live memory grows. Every reading of the second half is above every one of the first. The last
// quarter is above the third and still grows. It is more than blocks on their way between a cache and a slab
// make. False for fewer than kReadings.
bool grows(const std::vector<std::uint64_t>& live);

// It grew, by a twentieth of what it is or more, and in the last quarter it stayed as it was.
bool grew_and_stays(const std::vector<std::uint64_t>& live);

struct Judgement {
    Verdict verdict = Verdict::kUndecided;
    std::string sentence; // what was seen
    std::string advice;   // the setting or command that would help
};
Judgement judge(const Evidence& evidence);

} // namespace ashlar::observe
