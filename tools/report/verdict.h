// SPDX-License-Identifier: MIT
// The verdict of a comparison in words, separate for speed and memory. The terminal, the JSON and the report
// use it.
#pragma once

#include "compare/advice.h"

#include <string>
#include <utility>
#include <vector>

namespace ashlar::report {

using compare::Standing;

// Returns "faster", "slower", "no measurable difference" or "too few rounds to say".
std::string speed_words(Standing standing);
// Returns "less memory", "more memory" and so on.
std::string memory_words(Standing standing);

struct AllocatorVerdict {
    std::size_t contender = 0;
    Standing speed = Standing::kUnknown;
    Standing memory = Standing::kUnknown;
    // "faster: wall time 0.80× (0.79 to 0.81), CPU time 0.81× (0.80 to 0.82)" or "nothing that can be
    // compared".
    std::string speed_words;
    std::string memory_words; // "more memory: peak RSS 1.17× (1.16 to 1.18)"; may be empty
};

// The verdict on one program.
struct Verdict {
    std::vector<AllocatorVerdict> allocators; // all but System
    std::string speed; // a sentence each for speed and memory; empty if nothing can be said
    std::string memory;
    std::string choice;  // the allocator to take
    std::string unseen;  // a sentence: the size of differences that would be missed; may be empty
    std::string caution; // a sentence: why the figures are weak evidence; may be empty
};

// Returns the parts that are not empty: "Verdict", "Speed", "Memory" and "Caution" with their sentences.
std::vector<std::pair<std::string, std::string>> sentences(const Verdict& verdict);

Verdict verdict_on(const compare::Experiment& experiment, const compare::Result& result,
                   std::size_t configuration);

// The number of configurations in which an allocator is better than System, worse, or alike.
struct Tally {
    int better = 0;
    int worse = 0;
    int alike = 0;

    int all() const { return better + worse + alike; }
    void add(Standing standing);
};

// Returns "faster than System in 3 of 4, slower in 0, no measurable difference in 1", or "nothing that can be
// compared".
std::string speed_words(const Tally& tally, const std::string& reference);
// Returns "less memory in 1 of 4, more in 2, no measurable difference in 1"; empty without configurations.
std::string memory_words(const Tally& tally);

// Returns "wall time", short enough to precede a figure.
const char* short_words(compare::Metric metric);

} // namespace ashlar::report
