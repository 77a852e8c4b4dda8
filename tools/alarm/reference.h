// SPDX-License-Identifier: MIT
// The committed references: which commit is compared with, and what its figures were where they were
// recorded.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace ashlar::alarm {

// Of one benchmark, by the figure's name, such as "instructions an operation".
using Figures = std::map<std::string, double>;

struct Recorded {
    std::string commit;
    std::string date;   // of the commit
    std::string reason; // why it became the reference
    std::string processor;
    unsigned processors = 0;
    std::uint64_t memory_kib = 0;
    std::string load;
    std::string kernel;
    std::string compiler;
    std::map<std::string, Figures> figures{}; // by benchmark
};

// Two of them: the reference, which follows each recorded change, and the anchor, which rarely moves.
struct References {
    Recorded reference;
    Recorded anchor;
};

// Throws std::invalid_argument with a sentence if the file cannot be read or is no such file.
References read_references(const std::filesystem::path& file);
void write_references(const std::filesystem::path& file, const References& references);

// One reference of the past.
struct PastReference {
    std::string commit;
    std::string date;
    std::string reason;
    std::map<std::string, double> instructions{}; // an operation, by benchmark
};

// All references so far, and how far the library was from itself on each kind of machine.
struct History {
    // The half width of the interval of A/A ratios: processor -> benchmark and figure -> a value for each
    // quiet run that was recorded, the latest last.
    std::map<std::string, std::map<std::string, std::vector<double>>> noise;
    std::vector<PastReference> references; // the latest last

    double noise_of(const std::string& processor, const std::string& benchmark) const; // 0: nothing is known
    // The usual spread of each "benchmark, figure", see alarm/significance.h.
    std::map<std::string, double> spreads(const std::string& processor) const;
};

// An absent file is an empty history.
History read_history(const std::filesystem::path& file);
void write_history(const std::filesystem::path& file, const History& history);

} // namespace ashlar::alarm
