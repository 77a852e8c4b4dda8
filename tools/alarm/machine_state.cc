// SPDX-License-Identifier: MIT
#include "alarm/machine_state.h"

#include "machine/files.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sstream>
#include <unistd.h>
#include <vector>

namespace ashlar::alarm {

namespace {

constexpr double kMostOthers = 0.25;       // processors
constexpr double kMostStolen = 0.03;       // of the time
constexpr double kLeastFreeMemory = 0.03;  // of all memory
constexpr std::uint64_t kMostSwapped = 64; // pages

// Returns the number after `word` at the start of a line, as in /proc/vmstat and /proc/meminfo, or 0.
std::uint64_t number_after(const std::string& text, const std::string& word) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string first;
        std::uint64_t number = 0;
        if (words >> first && first == word && words >> number) {
            return number;
        }
    }
    return 0;
}

} // namespace

MachineCounters read_machine_counters() {
    MachineCounters result;
    // "cpu user nice system idle iowait irq softirq steal ..." in ticks; see proc(5).
    std::istringstream stat(machine::read_file("/proc/stat").value_or(""));
    std::string cpu;
    double user = 0;
    double nice = 0;
    double system = 0;
    double idle = 0;
    double waiting = 0;
    double interrupts = 0;
    double soft_interrupts = 0;
    double stolen = 0;
    stat >> cpu >> user >> nice >> system >> idle >> waiting >> interrupts >> soft_interrupts >> stolen;
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    result.busy_seconds = (user + nice + system + interrupts + soft_interrupts) / ticks;
    result.stolen_seconds = stolen / ticks;
    result.wall_seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    const std::string vmstat = machine::read_file("/proc/vmstat").value_or("");
    result.swapped_pages = number_after(vmstat, "pswpin") + number_after(vmstat, "pswpout");
    result.memory_kills = number_after(vmstat, "oom_kill");
    return result;
}

Disturbance disturbance(const MachineCounters& before, const MachineCounters& after, double own_seconds) {
    Disturbance result;
    const double wall = after.wall_seconds - before.wall_seconds;
    const double busy = after.busy_seconds - before.busy_seconds;
    const double stolen = after.stolen_seconds - before.stolen_seconds;
    if (wall > 0) {
        result.others = std::max(0.0, busy - own_seconds) / wall;
    }
    if (busy + stolen > 0) {
        result.stolen_share = stolen / (busy + stolen);
    }
    result.swapped_pages = after.swapped_pages - before.swapped_pages;
    result.memory_kills = after.memory_kills - before.memory_kills;
    const std::string memory = machine::read_file("/proc/meminfo").value_or("");
    const auto total = static_cast<double>(number_after(memory, "MemTotal:"));
    if (total > 0) {
        result.free_memory_share = static_cast<double>(number_after(memory, "MemAvailable:")) / total;
    }
    std::istringstream(machine::read_file("/proc/loadavg").value_or("")) >> result.load;
    return result;
}

std::string Disturbance::why_not_quiet() const {
    std::vector<std::string> reasons;
    if (others > kMostOthers) {
        reasons.push_back(fmt::format("other programs kept {:.1f} processors busy (at most {:.2f} may be)",
                                      others, kMostOthers));
    }
    if (stolen_share > kMostStolen) {
        reasons.push_back(fmt::format("the hypervisor took {:.0f} % of the time (at most {:.0f} % may be)",
                                      100 * stolen_share, 100 * kMostStolen));
    }
    if (swapped_pages > kMostSwapped) {
        reasons.push_back(fmt::format("{} pages were swapped", swapped_pages));
    }
    if (free_memory_share < kLeastFreeMemory) {
        reasons.push_back(fmt::format("{:.1f} % of the memory was free", 100 * free_memory_share));
    }
    if (memory_kills > 0) {
        reasons.push_back(fmt::format("{} processes were killed for want of memory", memory_kills));
    }
    return fmt::format("{}", fmt::join(reasons, ", "));
}

double slowness() {
    constexpr double kQuickMachine = 0.05; // seconds
    const auto start = std::chrono::steady_clock::now();
    std::uint64_t value = 88172645463325252;
    for (int step = 0; step < 20'000'000; ++step) {
        value ^= value << 13; // Marsaglia, "Xorshift RNGs"
        value ^= value >> 7;
        value ^= value << 17;
    }
    asm volatile("" : : "r"(value)); // keeps the compiler from removing the loop
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    return std::max(1.0, taken.count() / kQuickMachine);
}

} // namespace ashlar::alarm
