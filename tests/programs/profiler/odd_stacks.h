// SPDX-License-Identifier: MIT
//
// Stacks that are hard to unwind. Each function allocates on such a stack, and returns.
#pragma once

#include <cstddef>
#include <cstdint>

namespace odd_stacks {

// Requests a block from malloc and frees it.
using Allocate = void (*)(std::size_t size);

void deep(Allocate allocate);

// Allocates in a handler of SIGUSR2, on a separate stack between unreadable pages.
void alternate(Allocate allocate);

// Allocates in several coroutines in turn, each at another depth.
void coroutines(Allocate allocate);

// Allocates in a function whose caller's frame and return address were overwritten. `random` chooses small
// numbers, and addresses of unmapped memory, the kernel, the heap, code and the stack itself. No other code
// may unwind meanwhile.
void corrupt(Allocate allocate, std::uint64_t& random);

// Allocates in code without frame pointers and without descriptions of its frames.
void undescribed(Allocate allocate);

} // namespace odd_stacks
