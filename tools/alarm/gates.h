// SPDX-License-Identifier: MIT
// The four gates. Each compares figures of the present library with the reference's, of the same machine.
//
//   exact    counts: equal, or within 1 %
//   memory   the least peak RSS of several runs: within 5 % or 256 KiB. The kernel counts pages in batches,
//   so
//            RSS is only known to 64 pages for each thread
//   time     the median of the ratios within rounds: its interval's lower end within 5 % or the noise
//   coarse   the least of several times: within a factor. It judges on a busy machine as well
#pragma once

#include "alarm/counts.h"
#include "alarm/finding.h"
#include "alarm/library_file.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ashlar::alarm {

inline constexpr double kExactThreshold = 0.01;
inline constexpr double kMemoryThreshold = 0.05;
inline constexpr double kMemoryAllowanceKib = 256;
inline constexpr double kTimeThreshold = 0.05;
inline constexpr double kMostNoise = 0.10; // of the reference against itself; beyond it no time is judged
inline constexpr double kAnchorThreshold = 0.05;
inline constexpr double kUsualFactor = 5;
inline constexpr double kIdleAllowance = 0.05; // seconds off the processor that a thread may have more

Findings judge_counts(const std::string& benchmark, double operations, const Counted& reference,
                      const Counted& present);

inline constexpr const char* kLibraryFile = "library file"; // stands for a benchmark's name
inline constexpr const char* kLoadedBytes = "loaded bytes";
inline constexpr const char* kTlsBytes = "bytes of thread-local storage";
Findings judge_files(const LibraryFile& reference, const LibraryFile& present);

// Against an older commit's figure, which many small steps may have left behind.
Finding judge_anchor(const std::string& benchmark, const std::string& figure, double anchor, double present,
                     const std::string& commit);

// How the runs of one benchmark ended.
struct Endings {
    int reference_well = 0; // of both runs of the reference in each round
    int reference_failed = 0;
    int present_well = 0;
    int present_failed = 0;
    bool killed_for_memory = false; // all that failed of the present library, and memory ran out meanwhile
    std::string reference_reason{};
    std::string present_reason{};
};
// The present library alone failed: a regression, whatever the figures are. The reference failed as well, or
// memory ran out: not judged. Nothing if all runs ended well.
std::optional<Finding> judge_endings(const std::string& benchmark, const Endings& endings);

// In KiB, of at least one run each. The reference ran twice in each round: the larger of both leasts counts.
Finding judge_memory(const std::string& benchmark, const std::string& figure,
                     std::span<const double> reference, std::span<const double> reference_again,
                     std::span<const double> present);

// One pass of the time gate: what there is to say about the ratios within rounds.
struct TimeSample {
    std::vector<double> ratios;  // present by reference
    std::vector<double> control; // reference by itself, in the same rounds
    double reference = 0;        // medians, in the figure's unit
    double present = 0;
};
struct TimeSettings {
    // How far the library was from itself in earlier runs on this processor; nothing: by this run's own
    // ratios.
    std::optional<double> noise{};
    std::string disturbance{}; // why nothing can be judged; empty: it can
};
Finding judge_time(const std::string& benchmark, const std::string& figure, const TimeSample& sample,
                   const TimeSettings& settings);

// `figure` is CPU time or time off the processor, in seconds; `allowance` is added to what is allowed.
Finding judge_coarse(const std::string& benchmark, const std::string& figure,
                     std::span<const double> reference, std::span<const double> present, double factor,
                     double allowance);

// What the regressions and improvements have in common, in words. A ratio that is alike everywhere points at
// the fast path or the build. One that varies points at the parts that are named. Empty if fewer than two
// moved.
std::string pattern_of(const Findings& findings);

} // namespace ashlar::alarm
