// SPDX-License-Identifier: MIT
//
// Samples of the processor (cpu_sampler.h), as records in the profiler's file.
#pragma once

#include <cstddef>

namespace ashlar::observe::cpu_samples {

// With a new file, by the one thread that begins it. `watch` is called in the sampler's own thread, and calls
// watch() below. 0 hertz: there are none.
void begin(std::size_t hertz, void (*watch)());
void end();
// Records how much of the processor was used, if it is time.
void watch();

} // namespace ashlar::observe::cpu_samples
