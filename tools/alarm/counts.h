// SPDX-License-Identifier: MIT
// What a run of one working thread does, counted exactly: instructions in the library's own files, system
// calls by kind, slow-path calls, bytes mapped. The run has a clock of its own, see bench/alarm/clock.c.
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

// The table that `strace -c` prints. Empty for another text.
SystemCalls read_strace(std::istream& in);

struct Counts {
    Instructions instructions;
    SystemCalls system_calls;
    // From the library's statistics, in this order: see kStatistics.
    std::map<std::string, std::uint64_t> statistics;
};

// Which figures of the library's statistics are counted, and whether they must be equal.
struct CountedStatistic {
    const char* key;
    const char* words;
    bool equal; // else 1 % is allowed
};
inline constexpr CountedStatistic kStatistics[] = {
    {"refills", "refills", true},
    {"flushes", "flushes", true},
    {"purges", "purges", true},
    {"fallback_calls", "calls of the fallback", true},
    {"metadata", "bytes of metadata", true},
    {"committed", "bytes mapped", false},
};

// What was counted, and what could not be: one sentence.
struct Counted {
    Counts counts;
    std::string trouble{};
};

struct CountingSettings {
    std::string clock;             // path of the clock's library
    std::filesystem::path scratch; // a folder for what the tools write; one run at a time uses it
    double slowness = 1;           // of this machine, see alarm/machine_state.h
    const machine::Interrupt* interrupt = nullptr;
};

// Why the command does not run with the library on an emulated processor that has nothing above the baseline
// of x86-64; empty if it does. Nothing if that cannot be tried: there is no qemu-x86_64, or this is no
// x86-64.
std::optional<std::string> trouble_on_baseline(const std::vector<std::string>& command,
                                               const std::string& library, const CountingSettings& settings);

Counted count(const CountedRun& run, const std::string& library, const CountingSettings& settings);

} // namespace ashlar::alarm
