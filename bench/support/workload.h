// SPDX-License-Identifier: MIT
// What the main functions of the workloads have in common.
#pragma once

#include "support/block.h"
#include "support/command_line.h"

#include <cstdio>

namespace bench {

// All of main for a workload without options of its own. `read_settings` makes settings of its arguments.
// Then measure.operator()<Block>(settings) is called, with the kind of block that --verify asks for or that
// the program uses.
template <typename Usual = TouchedBlock, typename ReadSettings, typename Measure>
int run_workload(int count, char** arguments, const char* usage, const ReadSettings& read_settings,
                 const Measure& measure) {
    const CommandLine line(count, arguments, usage);
    const auto settings = read_settings(line);
    with_kind_of_block<Usual>(line.verify(),
                              [&]<typename Block>() { measure.template operator()<Block>(settings); });
    return 0;
}

// Each line is written when it is complete, from a buffer that is not the allocator's: stdio would ask for
// one. For programs that print before the end of what is measured.
inline void write_by_lines() {
    static char buffer[4096];
    std::setvbuf(stdout, buffer, _IOLBF, sizeof buffer);
}

} // namespace bench
