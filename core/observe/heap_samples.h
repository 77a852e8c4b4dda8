// SPDX-License-Identifier: MIT
//
// Samples of the heap: which requests of a thread become samples (sampler.h), and what is recorded of them.
// heap/sampling.h has the blocks themselves.
//
// Called where memory is allocated or released, in any state of the program, without a lock of the heap's.
#pragma once

#include "heap/sampling.h"

#include <cstddef>

namespace ashlar::observe::heap_samples {

// The distance and the bound on the cost of samples in a file that is about to begin; 0: as the settings say.
// Returns the distance, in bytes.
std::size_t begin(std::size_t distance);
std::size_t least_distance();

// The thread's bytes are used up, and nobody wants samples. False, for heap::sampling::Hooks.
bool allow_unwatched();
// Likewise, and somebody wants them: whether this request is one.
bool is_point(std::size_t size);

heap::sampling::Facts record(const void* block, std::size_t size, std::size_t usable);
void lose(std::size_t size);
void record_end(const heap::sampling::Facts& facts);

// In a forked child: what the thread counted off was for the parent's file.
void survive_fork();

} // namespace ashlar::observe::heap_samples
