// SPDX-License-Identifier: MIT
//
// Address space and pages: everything that the allocator asks of the kernel's memory management.
//
// All functions take page-aligned ranges, may be called under any lock, keep errno and report failure by
// their result: any of these calls may fail at any time (RLIMIT_AS, vm.max_map_count, overcommit, seccomp).
#pragma once

#include <cstddef>

namespace ashlar::os {

// Inaccessible address space, no memory behind it; null if there is none of that size.
void* reserve(std::size_t size);
bool unreserve(void* start, std::size_t size);

// Reserved space becomes readable and writable (zero) / readable (zero, charged to nobody).
bool commit(void* start, std::size_t size);
bool commit_readable(void* start, std::size_t size);

// The contents are dropped; the next touch finds zeroes. False if the kernel refused (contents kept).
bool purge(void* start, std::size_t size);

std::size_t page_size();

} // namespace ashlar::os
