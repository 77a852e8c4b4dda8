// SPDX-License-Identifier: MIT
// Whether a machine was quiet enough for times to be judged.
#pragma once

#include <cstdint>
#include <string>

namespace ashlar::alarm {

// Counters of the whole machine, since boot. Seconds are those of all processors together.
struct MachineCounters {
    double busy_seconds = 0; // not idle, and not waiting for a disk
    double stolen_seconds = 0;
    double wall_seconds = 0;
    std::uint64_t swapped_pages = 0; // in and out
    std::uint64_t memory_kills = 0;  // processes that were killed because memory ran out
};
MachineCounters read_machine_counters();

// What happened between two looks.
struct Disturbance {
    double others = 0;       // processors that other programs kept busy, in the mean
    double stolen_share = 0; // of the time that this machine wanted
    std::uint64_t swapped_pages = 0;
    std::uint64_t memory_kills = 0;
    double free_memory_share = 1; // at the end
    double load = 0;              // over the last minute, at the end

    // Why times cannot be judged, and what would be needed; empty: they can.
    std::string why_not_quiet() const;
};

// `own_seconds` is the processor time of what this program itself has run meanwhile.
Disturbance disturbance(const MachineCounters& before, const MachineCounters& after, double own_seconds);

// How many times as long as on a quick machine a fixed amount of arithmetic takes here; at least 1.
double slowness();

} // namespace ashlar::alarm
