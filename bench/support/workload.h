// SPDX-License-Identifier: MIT
// Common parts of the workloads' main functions.
#pragma once

#include "support/block.h"
#include "support/command_line.h"

#include <cstdio>

namespace bench {

// Does all of main() for a workload without its own options. `read_settings` makes settings from the
// arguments. measure.operator()<Block>(settings) is called with VerifiedBlock for --verify, or else with
// `Usual`.
template <typename Usual = TouchedBlock, typename ReadSettings, typename Measure>
int run_workload(int count, char** arguments, const char* usage, const ReadSettings& read_settings,
                 const Measure& measure) {
    const CommandLine line(count, arguments, usage);
    const auto settings = read_settings(line);
    with_kind_of_block<Usual>(line.verify(),
                              [&]<typename Block>() { measure.template operator()<Block>(settings); });
    return 0;
}

// Writes each line when it is complete, for programs that print while they measure. The buffer is static,
// because stdio would ask the allocator under test for one.
inline void write_by_lines() {
    static char buffer[4096];
    std::setvbuf(stdout, buffer, _IOLBF, sizeof buffer);
}

} // namespace bench
