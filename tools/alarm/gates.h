// SPDX-License-Identifier: MIT
// The four gates. Each compares figures of the present library with the reference's, on the same machine.
//
//   exact    counts: equal, or within 1 %
//   memory   least peak RSS of several runs: within 5 % or 256 KiB. The kernel counts pages in
//            batches, so RSS is only known to 64 pages for each thread
//   time     median of the ratios within rounds: its interval's lower end within 5 % or the noise
//   coarse   least of several times: within a factor. It judges on a busy machine as well
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
inline constexpr double kMostNoise = 0.10; // of the reference against itself; above this no time is judged
inline constexpr double kAnchorThreshold = 0.05;
inline constexpr double kUsualFactor = 5;
inline constexpr double kIdleAllowance = 0.05; // seconds off the processor per thread, beyond the factor

Findings judge_counts(const std::string& benchmark, double operations, const Counted& reference,
                      const Counted& present);

inline constexpr const char* kLibraryFile = "library file"; // replaces a benchmark's name
inline constexpr const char* kLoadedBytes = "loaded bytes";
inline constexpr const char* kTlsBytes = "bytes of thread-local storage";
Findings judge_files(const LibraryFile& reference, const LibraryFile& present);

// Judges a figure against that of an older commit. This detects many small steps that add up.
Finding judge_anchor(const std::string& benchmark, const std::string& figure, double anchor, double present,
                     const std::string& commit);

// How the runs of one benchmark ended.
struct Endings {
    int reference_well = 0; // of both runs of the reference in each round
    int reference_failed = 0;
    int present_well = 0;
    int present_failed = 0;
    bool killed_for_memory = false; // the present library's failed runs were all killed, and memory ran out
    std::string reference_reason{};
    std::string present_reason{};
};
// Judges the failures. If only the present library failed, that is a regression, whatever the figures are. If
// the reference failed too, or memory ran out, nothing is judged. Returns nothing if all runs ended well.
std::optional<Finding> judge_endings(const std::string& benchmark, const Endings& endings);

// Judges values in KiB, at least one per span. The reference's figure is the larger minimum of its two runs.
Finding judge_memory(const std::string& benchmark, const std::string& figure,
                     std::span<const double> reference, std::span<const double> reference_again,
                     std::span<const double> present);

// One pass of the time gate: the ratios within rounds.
struct TimeSample {
    std::vector<double> ratios;  // present by reference
    std::vector<double> control; // reference by itself, in the same rounds
    double reference = 0;        // medians, in the figure's unit
    double present = 0;
};
struct TimeSettings {
    // How far the library was from itself in earlier runs on this processor; nothing: use this run's ratios.
    std::optional<double> noise{};
    std::string disturbance{}; // why nothing can be judged; empty: it can
};
Finding judge_time(const std::string& benchmark, const std::string& figure, const TimeSample& sample,
                   const TimeSettings& settings);

// Judges CPU time or time off the processor, in seconds. `allowance` is added to the limit.
Finding judge_coarse(const std::string& benchmark, const std::string& figure,
                     std::span<const double> reference, std::span<const double> present, double factor,
                     double allowance);

// Describes how the regressions and improvements are related. The same ratio everywhere points at the fast
// path or the build. Different ratios point at the named parts. Empty if fewer than two benchmarks moved.
std::string pattern_of(const Findings& findings);

} // namespace ashlar::alarm
