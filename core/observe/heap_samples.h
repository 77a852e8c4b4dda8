// SPDX-License-Identifier: MIT
//
// Chooses the requests that become samples (sampler.h), and records them. heap/sampling.h has the blocks.
//
// Called where memory is allocated or released, in any state of the program, without a heap lock.
#pragma once

#include "heap/sampling.h"

#include <cstddef>

namespace ashlar::observe::heap_samples {

// Sets the distance and the cost bound of samples for a file that is about to begin. A `distance` of 0 means
// the setting. Returns the distance in bytes.
std::size_t begin(std::size_t distance);
std::size_t least_distance();

// Called when the allowed bytes are used up and samples are not wanted. Returns false: no sample.
bool allow_unwatched();
// Called when they are used up and samples are wanted. Returns whether this request is a sample.
bool is_point(std::size_t size);

heap::sampling::Facts record(const void* block, std::size_t size, std::size_t usable);
void lose(std::size_t size);
void record_end(const heap::sampling::Facts& facts);

// Resets the thread's count in a forked child, because the count was for the parent's file.
void survive_fork();

} // namespace ashlar::observe::heap_samples
