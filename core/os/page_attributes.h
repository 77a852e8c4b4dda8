// SPDX-License-Identifier: MIT
//
// Attributes that a program gave to the pages of a block: mprotect() and advice.
//
// The kernel keeps them with the mapping, where they outlive the block. Pages with their own attributes are a
// mapping of their own, so one call tells whether a range has any.
//
// Ranges are page-aligned; errno is kept.
#pragma once

#include <cstddef>

namespace ashlar::os {

// Returns whether the whole range is one mapping, so no part of it differs from the rest. Returns false too
// if the kernel does not tell, or the range lies above the initial stack.
bool is_one_mapping(void* start, std::size_t size);

// Does the same for all pages but the last one, which must be mapped. The range has at least two pages. Use
// this for frequent checks: up to Linux 5.15, is_one_mapping() charges the process for everything below the
// stack while it runs. With vm.overcommit_memory=2 other processes are refused memory meanwhile.
bool is_one_mapping_but_for_last_page(void* start, std::size_t size);

// Makes the range readable and writable, removes locks unless they are wanted, and takes back advice about
// forks. Leaves other advice. Returns false if the pages may be inaccessible.
bool reset_attributes(void* start, std::size_t size);

} // namespace ashlar::os
