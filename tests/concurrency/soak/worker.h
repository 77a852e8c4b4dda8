// SPDX-License-Identifier: MIT
//
// The process that is watched: threads that live, end and are replaced until the board says stop.
#pragma once

namespace soak {

struct WorkerOptions {
    unsigned threads = 0;
    bool plant_hang = false; // one of the first threads stops for ever after a while
};

// In a process that has no other thread yet and ends when this returns. Whoever calls it has a place.
void work(const WorkerOptions& options);

} // namespace soak
