// SPDX-License-Identifier: MIT
// A comparison before and after it has run: what is to be run, and every single run of it. What the numbers
// say is worked out in compare/result.h.
#pragma once

#include "allocators/allocator.h"
#include "compare/parameters.h"
#include "measure/child.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ashlar::compare {

// A figure that a program prints about itself: what the group of the pattern holds where it matches last.
struct OwnFigure {
    std::string pattern; // an ECMAScript regular expression with one group
    bool less_is_better = false;
    std::string words{}; // what it is, for people: "CPU time of the task, in ms"; may be empty
};

// Exit statuses beside 0 of a command that has done its work. Neither a signal nor a hang is one.
struct IgnoredFailures {
    bool all = false;
    std::vector<int> statuses{};
};

// What is expected in the output of a command.
enum class Prints {
    kFigures,  // the suite's, see Figures: without one the run does not count
    kAnything, // nothing but its own figure, if there is to be one
};

// One command that every allocator runs: a line of the result.
struct Configuration {
    std::string name;  // "larson, 2 threads"
    std::string group; // what a mean is taken over: "larson"
    std::vector<std::string> command;
    unsigned threads = 1;
    // To turn operations per second into CPU time per operation: how many the command does, or for how long.
    std::optional<double> operations{};
    std::optional<double> seconds{};
    std::optional<std::chrono::milliseconds> time_limit{}; // of one run, if it is known beforehand
    std::optional<int> most_rounds{};                      // if it takes part in fewer than the plan has
    Prints prints = Prints::kFigures;
    std::optional<OwnFigure> own_figure{};
    IgnoredFailures ignored{};
    // Command lines for the shell; each may be empty. The first two are run before the first run and after
    // the last one, `prepare` before each run. The server is started before each run, and is what is
    // measured.
    std::string setup{};
    std::string cleanup{};
    std::string prepare{};
    std::string server{};
    Assignment parameters{};     // what was filled into the command
    std::string expected_line{}; // must be among the lines that it prints: its result; may be empty
};

// System takes part twice, as the reference and as what is compared with it: how far these two are apart is
// how far the others' distance can be trusted.
struct Contender {
    allocators::Allocator allocator;
    bool is_control = false; // System the second time
};

struct Plan {
    std::vector<Configuration> configurations;
    std::vector<Contender> contenders; // the first is the reference
    int rounds = 15;
    int warm_ups = 1;       // runs before the rounds; only the first is kept, as it proves the allocator
    std::uint64_t seed = 1; // of the order in each round
    std::optional<std::chrono::milliseconds> time_limit;              // of one run; else by the warm-up
    std::chrono::milliseconds first_limit = std::chrono::seconds(30); // of the first run of the warm-up
    std::filesystem::path stacks_folder;                              // for what hung
    bool follow_rss = false;
    bool follow_threads = false; // see measure::Run::idle_seconds
    unsigned precondition_mib =
        0; // by which each heap is aged before main, see measure::Ageing; 0: not at all
    bool one_after_another = false; // all runs of a configuration before those of the next one
    bool duet = false;              // each runs at the same time as System, each on a processor of its own
    // A program that is linked with an allocator is on System only if the C library is preloaded: its path.
    std::string system_preload{};

    int rounds_of(const Configuration& configuration) const {
        return std::min(rounds, configuration.most_rounds.value_or(rounds));
    }
};

inline constexpr int kFailuresToGiveUp = 3; // of an allocator in one configuration
inline constexpr std::size_t kReference = 0;
inline constexpr int kWarmUp = 0; // rounds count from 1

// Percentiles that a command prints in lines such as "malloc p99 = 71.2 ns".
inline constexpr std::array kLatencyNames{"malloc p50", "malloc p99", "malloc p99.9", "malloc p99.99",
                                          "free p50",   "free p99",   "free p99.9",   "free p99.99"};
using Latencies = std::array<std::optional<double>, kLatencyNames.size()>;

// What a lock scenario prints, in lines such as "Mean time to acquire = 71.2 us", and what it stands for.
enum class LockFigure : std::size_t {
    kDuration,
    kOperations,
    kMeanWait,
    kLongestWait,
    kContentions,
    kTimeOuts,
    kErrors,
};
struct LockFigureName {
    const char* words;
    const char* unit; // after the number
};
inline constexpr std::array kLockFigureNames{LockFigureName{"Duration", " s"},
                                             LockFigureName{"Operations", ""},
                                             LockFigureName{"Mean time to acquire", " us"},
                                             LockFigureName{"Maximum time to acquire", " us"},
                                             LockFigureName{"Contentions", ""},
                                             LockFigureName{"Time-outs", ""},
                                             LockFigureName{"Errors", ""}};
using LockFigures = std::array<std::optional<double>, kLockFigureNames.size()>;

// What a command prints about itself. Drifts are in percent, from the second slice of a long run to the last.
struct Figures {
    std::optional<double> throughput{}; // operations per second
    std::optional<double> rss_per_live{};
    std::optional<double> throughput_drift{};
    std::optional<double> rss_drift{};
    std::optional<double> own{}; // see OwnFigure
    Latencies latencies{};       // in nanoseconds
    LockFigures locks{};

    std::optional<double> of(LockFigure figure) const { return locks[static_cast<std::size_t>(figure)]; }
};

struct Sample {
    std::size_t configuration = 0;
    std::size_t contender = 0;
    int round = kWarmUp;
    int position = 0; // in the order of this round
    // What ran at the same time belongs together: in a duet the one that System runs against, else 0. Ratios
    // are taken within a bout of a round.
    std::size_t bout = 0;
    measure::Run run{};
    Figures figures{};
    std::optional<bool> library_mapped{}; // in all processes that matter; nothing if that was not looked at
    std::string failure{};                // why this run does not count; empty if it does
    std::string errors{};                 // the last lines that it printed, if it failed
    // It failed because its requests did not reach the allocator: nor will those of others.
    bool unserved = false;

    bool counts() const { return failure.empty() && round != kWarmUp; }
};

struct Experiment {
    Plan plan;
    std::vector<Sample> samples; // in the order in which they were taken
    std::vector<std::string> remarks;
    bool complete = false;
};

// Whether the command did its work, as far as its end tells.
bool has_succeeded(const Configuration& configuration, const measure::Run& run);

// Without a run under System there is nothing to compare: its failure in the warm-up, or the third one, ends
// a configuration. The run that did; null if none has.
const Sample* failure_of_system(const Experiment& experiment, std::size_t configuration);

// System, the others, and System once more.
std::vector<Contender> contenders(const std::vector<allocators::Allocator>& allocators);

} // namespace ashlar::compare
