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
// Inaccessible, with its contents, until it is committed again.
bool forbid(void* start, std::size_t size);

// What became of a mapping that was to replace another. The kernel may have unmapped that before it refused;
// it is then mapped again, reading zero. Lost are addresses for which that was refused too, or which another
// thread was given meanwhile: nothing of ours is there any more, and what is there is not touched.
enum class Change { kDone, kRefused, kLost };

// The reverse of commit(): the contents are dropped, and limits on writable memory no longer count the range.
Change decommit(void* start, std::size_t size);

// The contents are dropped; the next touch finds zeroes. False if the kernel refused (contents kept).
bool purge(void* start, std::size_t size);

// The memory of `from` becomes that of `to`, whose own is dropped, without copying; `from` reads zero then.
// `from` should lie in one mapping. Refused before Linux 5.7, and after the first failure. Lost may be `to`.
Change move_pages(void* from, void* to, std::size_t size);
// Drops the contents, and with them the mapping of its own that move_pages() gave the range.
Change renew(void* start, std::size_t size);

// Pages touched from now on come from this node of the machine while it has any.
bool prefer_node(void* start, std::size_t size, unsigned node);

std::size_t page_size();

} // namespace ashlar::os
