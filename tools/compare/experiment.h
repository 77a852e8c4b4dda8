// SPDX-License-Identifier: MIT
// A comparison: its plan, and the samples of every run. compare/result.h evaluates the samples.
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

// A figure that a program prints about itself. Its value is the group of the pattern's last match.
struct OwnFigure {
    std::string pattern; // an ECMAScript regular expression with one group
    bool less_is_better = false;
    std::string words{}; // a name for people, such as "CPU time of the task, in ms"; may be empty
};

// Exit statuses other than 0 that mean success. A signal or a hang is always a failure.
struct IgnoredFailures {
    bool all = false;
    std::vector<int> statuses{};
};

// The expected output of a command.
enum class Prints {
    kFigures,  // the suite's figures, see Figures; a run without one fails
    kAnything, // nothing but its own figure, if `own_figure` is set
};

// One command that every allocator runs: a row of the result.
struct Configuration {
    std::string name;  // "larson, 2 threads"
    std::string group; // "larson": means are taken over a group
    std::vector<std::string> command;
    unsigned threads = 1;
    // Number of operations of the command, or its duration. Either one gives CPU time per operation.
    std::optional<double> operations{};
    std::optional<double> seconds{};
    std::optional<std::chrono::milliseconds> time_limit{}; // of one run, if known beforehand
    std::optional<int> most_rounds{};                      // if fewer than the plan's rounds
    Prints prints = Prints::kFigures;
    std::optional<OwnFigure> own_figure{};
    IgnoredFailures ignored{};
    // Command lines for the shell, or empty. `setup` runs before the first run, `cleanup` after the last, and
    // `prepare` before each run. The server is started before each run, and the server is measured.
    std::string setup{};
    std::string cleanup{};
    std::string prepare{};
    std::string server{};
    Assignment parameters{};     // values that were filled into the command
    std::string expected_line{}; // the result, a line that the command must print; may be empty
};

// An allocator in a plan. System takes part twice, as reference and as control. The distance between the two
// shows how far other distances can be trusted.
struct Contender {
    allocators::Allocator allocator;
    bool is_control = false; // the second System
};

struct Plan {
    std::vector<Configuration> configurations;
    std::vector<Contender> contenders; // the first is the reference
    int rounds = 15;
    int warm_ups = 1;       // runs before the rounds; only the first is kept, as proof of the allocator
    std::uint64_t seed = 1; // of the order in each round
    std::optional<std::chrono::milliseconds> time_limit; // of one run; if unset, derived from the warm-up
    std::chrono::milliseconds first_limit = std::chrono::seconds(30); // of the first run of the warm-up
    std::filesystem::path stacks_folder;                              // for the stacks of hung runs
    bool follow_rss = false;
    bool follow_threads = false; // see measure::Run::idle_seconds
    unsigned precondition_mib =
        0; // MiB by which each heap is aged before main, see measure::Ageing; 0: not aged
    bool one_after_another = false; // all runs of a configuration precede those of the next
    bool duet = false; // each contender runs at the same time as System, each on its own processor
    // The C library's path, or empty. System preloads it for programs that are linked with another allocator.
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

// Figures that a lock scenario prints, in lines such as "Mean time to acquire = 71.2 us".
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

// Figures that a command prints. Drifts are in percent, from the second slice of a long run to the last.
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
    // The group of runs at the same time: in a duet the contender that runs against System, else 0. Ratios
    // are taken within a bout of a round.
    std::size_t bout = 0;
    measure::Run run{};
    Figures figures{};
    std::optional<bool> library_mapped{}; // in all processes that matter; nothing if that was not checked
    std::string failure{};                // why this run does not count; empty if it does
    std::string errors{};                 // the last lines that it printed, if it failed
    // The run failed because its requests did not reach the allocator. Later runs would fail the same way.
    bool unserved = false;

    bool counts() const { return failure.empty() && round != kWarmUp; }
};

struct Experiment {
    Plan plan;
    std::vector<Sample> samples; // in the order of measurement
    std::vector<std::string> remarks;
    bool complete = false;
};

// Returns whether the end of the command means success.
bool has_succeeded(const Configuration& configuration, const measure::Run& run);

// Returns the run of System that ended a configuration, or null. A failure of System in the warm-up ends it,
// and so does the third failure. Without System there is nothing to compare.
const Sample* failure_of_system(const Experiment& experiment, std::size_t configuration);

// Returns `allocators`, which begin with System, and System again as the control.
std::vector<Contender> contenders(const std::vector<allocators::Allocator>& allocators);

} // namespace ashlar::compare
