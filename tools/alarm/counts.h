// SPDX-License-Identifier: MIT
// Exact counts of a run with one working thread: instructions in the library's own files, system calls by
// kind, slow-path calls, bytes mapped. The run has its own clock, see bench/alarm/clock.c.
#pragma once

#include "alarm/benchmark.h"
#include "alarm/callgrind.h"
#include "machine/interrupt.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace ashlar::alarm {

using SystemCalls = std::map<std::string, std::uint64_t>; // by name

// Parses the table that `strace -c` prints. Returns nothing for another text.
SystemCalls read_strace(std::istream& in);

struct Counts {
    Instructions instructions;
    SystemCalls system_calls;
    // From the library's statistics, by the keys of kStatistics.
    std::map<std::string, std::uint64_t> statistics;
};

// A figure of the library's statistics that is counted.
struct CountedStatistic {
    const char* key;
    const char* words;
    bool equal; // must be equal; false: 1 % is allowed
};
inline constexpr CountedStatistic kStatistics[] = {
    {"refills", "refills", true},
    {"flushes", "flushes", true},
    {"purges", "purges", true},
    {"fallback_calls", "calls of the fallback", true},
    {"metadata", "bytes of metadata", true},
    {"committed", "bytes mapped", false},
};

// The counts, or one sentence about why they failed.
struct Counted {
    Counts counts;
    std::string trouble{};
};

struct CountingSettings {
    std::string clock;             // path of the clock's library
    std::filesystem::path scratch; // a folder for files of the tools; only one run at a time may use it
    double slowness = 1;           // of this machine, see alarm/machine_state.h
    const machine::Interrupt* interrupt = nullptr;
};

// Runs the command with the library on an emulated processor with only the baseline of x86-64. Returns why it
// failed, or an empty text if it ran. Returns nothing without qemu-x86_64, or on other architectures.
std::optional<std::string> trouble_on_baseline(const std::vector<std::string>& command,
                                               const std::string& library, const CountingSettings& settings);

Counted count(const CountedRun& run, const std::string& library, const CountingSettings& settings);

} // namespace ashlar::alarm
