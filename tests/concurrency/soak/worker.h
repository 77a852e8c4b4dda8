// SPDX-License-Identifier: MIT
//
// The watched process: threads live, end and are replaced until the board says stop.
#pragma once

namespace soak {

struct WorkerOptions {
    unsigned threads = 0;
    bool plant_hang = false; // one of the first threads stops for ever after a while
};

// Runs in a process with no other thread, which ends when this returns. The caller has a place.
void work(const WorkerOptions& options);

} // namespace soak
