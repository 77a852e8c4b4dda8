// SPDX-License-Identifier: MIT
//
// CPU samples (cpu_sampler.h), as records in the profiler's file.
#pragma once

#include <cstddef>

namespace ashlar::observe::cpu_samples {

// Begins sampling for a new file, in the thread that begins the file. `watch` is called in the sampler's
// watcher, and must call watch() below. With 0 `hertz` there are no samples.
void begin(std::size_t hertz, void (*watch)());
void end();
// Records the CPU time used, if that is due.
void watch();

} // namespace ashlar::observe::cpu_samples
