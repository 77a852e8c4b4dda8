// SPDX-License-Identifier: MIT
//
// The sampling profiler. It chooses the blocks that become samples (poisson.h), and writes about them
// (record_file.h). heap/sampling.h has the samples. docs/design/observe.md, "The profiler", says why nothing
// here can wait, deadlock or recurse.
//
// All functions but start() to dump() are called where memory is allocated or released, in any state of the
// program and without a heap lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ashlar::observe::profiler {

// Called by the program, or when the process starts. Return 0 or an error number. ENOENT: nothing is
// recorded. EBUSY: another thread starts or stops recording now. Other numbers are from the creation of the
// file. start() resumes paused recording, and does nothing while recording runs.
//
// `rate` 0 and an empty `place` mean the settings (or their defaults).
int start(std::size_t rate, std::string_view place);
int stop();
int pause();
int dump();

struct Status {
    bool recording;
    bool paused;
    bool full;        // the file has reached its limit
    std::size_t rate; // bytes; 0 if nothing is recorded
    std::uint64_t samples;
    std::uint64_t live;      // estimate: bytes allocated since the start and not released
    std::uint64_t allocated; // estimate: bytes requested since the start
    std::uint64_t written;   // bytes of the file
    const char* path;        // path of the last file; empty if there was none
};
Status status();

// Starts recording, or waits for the signal, if the settings say so.
void start_with_process();
// Writes the last records when the process ends. Later records are not written.
void end_with_process();
// Runs in a forked child, whose parent may have recorded.
void survive_fork();

} // namespace ashlar::observe::profiler
