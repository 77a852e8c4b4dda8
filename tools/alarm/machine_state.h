// SPDX-License-Identifier: MIT
// Whether a machine was quiet enough to judge times.
#pragma once

#include <cstdint>
#include <string>

namespace ashlar::alarm {

// Counters of the whole machine since boot. Seconds are sums over all processors.
struct MachineCounters {
    double busy_seconds = 0; // neither idle nor waiting for a disk
    double stolen_seconds = 0;
    double wall_seconds = 0;
    std::uint64_t swapped_pages = 0; // in and out
    std::uint64_t memory_kills = 0;  // processes that were killed because memory ran out
};
MachineCounters read_machine_counters();

// Activity of the machine between two readings.
struct Disturbance {
    double others = 0;       // processors that other programs kept busy, on average
    double stolen_share = 0; // of the time that this machine wanted
    std::uint64_t swapped_pages = 0;
    std::uint64_t memory_kills = 0;
    double free_memory_share = 1; // at the end
    double load = 0;              // over the last minute, at the end

    // Returns why times cannot be judged, or an empty text.
    std::string why_not_quiet() const;
};

// Compares two readings. `own_seconds` is the processor time of this program and its children meanwhile.
Disturbance disturbance(const MachineCounters& before, const MachineCounters& after, double own_seconds);

// Returns the time of a fixed amount of arithmetic as a multiple of a quick machine's; at least 1.
double slowness();

} // namespace ashlar::alarm
