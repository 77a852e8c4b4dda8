// SPDX-License-Identifier: MIT
// The committed references: the commit of the comparison, and its figures on the machine that recorded them.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace ashlar::alarm {

// Figures of one benchmark, by name, such as "instructions an operation".
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

// The two references. `reference` follows each recorded change, and `anchor` rarely moves.
struct References {
    Recorded reference;
    Recorded anchor;
};

// Throws std::invalid_argument with a sentence if the file is unreadable or has another format.
References read_references(const std::filesystem::path& file);
void write_references(const std::filesystem::path& file, const References& references);

// One reference of the past.
struct PastReference {
    std::string commit;
    std::string date;
    std::string reason;
    std::map<std::string, double> instructions{}; // per operation, by benchmark
};

// All past references, and how far the library was from itself on each kind of machine.
struct History {
    // Half width of the interval of A/A ratios: processor -> benchmark and figure -> one value per recorded
    // quiet run, the latest last.
    std::map<std::string, std::map<std::string, std::vector<double>>> noise;
    std::vector<PastReference> references; // the latest last

    double noise_of(const std::string& processor, const std::string& benchmark) const; // 0: unknown
    // Returns the usual spread of each "benchmark, figure", see alarm/significance.h.
    std::map<std::string, double> spreads(const std::string& processor) const;
};

// Returns an empty history if the file does not exist.
History read_history(const std::filesystem::path& file);
void write_history(const std::filesystem::path& file, const History& history);

} // namespace ashlar::alarm
