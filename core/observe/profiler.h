// SPDX-License-Identifier: MIT
//
// The sampling profiler: which blocks become samples (poisson.h), and what is written about them
// (record_file.h). heap/sampling.h has the samples; docs/design/observe.md, "The profiler", says why nothing
// here can wait, deadlock or recurse.
//
// Everything except start() to dump() is called where memory is allocated or released, in any state of the
// program, without a lock of the heap's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ashlar::observe::profiler {

// Called by the program, or when the process starts. 0 or an error number: ENOENT if nothing is recorded,
// EBUSY if another thread starts or stops it now, or what creating the file returned. Starting while
// recording is paused resumes; while it is running it does nothing.
//
// `rate` 0 and an empty `place` mean the settings (or their defaults).
int start(std::size_t rate, std::string_view place);
int stop();
int pause();
int dump();

struct Status {
    bool recording;
    bool paused;
    bool full;        // the file may have no more
    std::size_t rate; // bytes; 0 if nothing is recorded
    std::uint64_t samples;
    std::uint64_t live;      // estimate of bytes in blocks allocated since the start and not released
    std::uint64_t allocated; // estimate of bytes requested since the start
    std::uint64_t written;   // bytes of the file
    const char* path;        // of the last file; empty if there was none
};
Status status();

// From the settings, with the process: starts recording or waits for the signal, if they say so.
void start_with_process();
// The process ends: the last records. Later ones are not written.
void end_with_process();
// In a forked child, whose parent may have recorded.
void survive_fork();

} // namespace ashlar::observe::profiler
