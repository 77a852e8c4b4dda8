// SPDX-License-Identifier: MIT
// Stacks that an unwinder may stumble over. Each function allocates on one of them, and comes back.
#pragma once

#include <cstddef>
#include <cstdint>

namespace odd_stacks {

// Asks malloc for a block and frees it.
using Allocate = void (*)(std::size_t size);

void deep(Allocate allocate);

// In a handler of SIGUSR2, on a stack of its own that has memory on both sides that cannot be read.
void alternate(Allocate allocate);

// Several coroutines in turn, each at another depth.
void coroutines(Allocate allocate);

// In a function whose caller's frame and return address have been overwritten. `random` chooses of small
// numbers, and of addresses of nothing, of the kernel, of the heap, of code and of the stack itself. Nothing
// else may unwind meanwhile.
void corrupt(Allocate allocate, std::uint64_t& random);

// In code that has neither frame pointers nor descriptions of its frames.
void undescribed(Allocate allocate);

} // namespace odd_stacks
