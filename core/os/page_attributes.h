// SPDX-License-Identifier: MIT
//
// What a program did to the pages of a block besides writing to them: mprotect() and advice.
//
// The kernel keeps that with the mapping, where it outlives the block. Pages with attributes of their own are
// a mapping of their own, so one call tells whether a range has any.
//
// Ranges are page-aligned; errno is kept.
#pragma once

#include <cstddef>

namespace ashlar::os {

// All of the range is one mapping: no part of it differs from the rest. False too if the kernel will not say,
// or if the range lies above the stack that the process began with.
bool is_one_mapping(void* start, std::size_t size);

// Of all pages but the last, which must be mapped, and of two at least. For what happens often. Up to Linux
// 5.15 the question above charges the process, until it is answered, with all that lies below the stack. With
// vm.overcommit_memory=2 other processes are refused memory meanwhile.
bool is_one_mapping_but_for_last_page(void* start, std::size_t size);

// Makes the range readable and writable, takes off locks unless they are wanted, and takes back advice about
// forks. Other advice is left. False if the pages may not be accessible.
bool reset_attributes(void* start, std::size_t size);

} // namespace ashlar::os
