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
// The reverse of commit(): the contents are dropped, and limits on writable memory no longer count the range.
bool decommit(void* start, std::size_t size);

// The contents are dropped; the next touch finds zeroes. False if the kernel refused (contents kept).
bool purge(void* start, std::size_t size);

// The memory of `from` becomes that of `to`, whose own is dropped, without copying; `from` reads zero then.
// `from` should lie in one mapping. Refused (with nothing changed) before Linux 5.7, and after the first
// failure; near a limit the kernel may have unmapped `to` before it refused, and what another thread then
// mapped there is not touched: `to` is lost.
enum class Move { kDone, kRefused, kLost };
Move move_pages(void* from, void* to, std::size_t size);
// Drops the contents, and with them the mapping of its own that move_pages() gave the range.
bool renew(void* start, std::size_t size);

// Pages touched from now on come from this node of the machine while it has any.
bool prefer_node(void* start, std::size_t size, unsigned node);

std::size_t page_size();

} // namespace ashlar::os
