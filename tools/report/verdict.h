// SPDX-License-Identifier: MIT
// What follows from a comparison, in words: speed and memory apart. The terminal, the JSON and the report say
// the same, because all of them have it from here.
#pragma once

#include "compare/advice.h"

#include <string>
#include <utility>
#include <vector>

namespace ashlar::report {

using compare::Standing;

// "faster", "slower", "no measurable difference", "too few rounds to say"
std::string speed_words(Standing standing);
// "less memory", "more memory", ...
std::string memory_words(Standing standing);

struct AllocatorVerdict {
    std::size_t contender = 0;
    Standing speed = Standing::kUnknown;
    Standing memory = Standing::kUnknown;
    // "faster: wall time 0.80× (0.79 to 0.81), CPU time 0.81× (0.80 to 0.82)"; "nothing that can be compared"
    std::string speed_words;
    std::string memory_words; // "more memory: peak RSS 1.17× (1.16 to 1.18)"; may be empty
};

// On one program.
struct Verdict {
    std::vector<AllocatorVerdict> allocators; // all but System
    std::string speed; // a sentence each, for speed and memory; empty if nothing can be told
    std::string memory;
    std::string choice;  // which allocator to take
    std::string unseen;  // a sentence: how small differences would not have been seen; may be empty
    std::string caution; // a sentence: why the figures say little; may be empty
};

// Those that there are: "Verdict", "Speed", "Memory" and "Caution" with their sentences.
std::vector<std::pair<std::string, std::string>> sentences(const Verdict& verdict);

Verdict verdict_on(const compare::Experiment& experiment, const compare::Result& result,
                   std::size_t configuration);

// In how many of several configurations an allocator does better than System, worse, or neither can be told.
struct Tally {
    int better = 0;
    int worse = 0;
    int alike = 0;

    int all() const { return better + worse + alike; }
    void add(Standing standing);
};

// "faster than System in 3 of 4, slower in 0, no measurable difference in 1"; "nothing that can be compared"
std::string speed_words(const Tally& tally, const std::string& reference);
// "less memory in 1 of 4, more in 2, no measurable difference in 1"; empty if there is nothing
std::string memory_words(const Tally& tally);

// "wall time": short enough to stand before a figure.
const char* short_words(compare::Metric metric);

} // namespace ashlar::report
