// SPDX-License-Identifier: MIT
//
// Address space and pages: everything that the allocator asks of the kernel's memory management.
//
// All functions take page-aligned ranges, may be called under any lock, keep errno and return failure. Any
// call may fail at any time (RLIMIT_AS, vm.max_map_count, overcommit, seccomp).
#pragma once

#include "os/page_size.h"

#include <cstddef>
#include <cstdint>

namespace ashlar::os {

// Returns inaccessible address space without memory, or null if none of that size is left.
void* reserve(std::size_t size);
bool unreserve(void* start, std::size_t size);

// How the library holds addresses. kClaimed: they were chosen, and nothing is mapped there before use.
// kReserved: the kernel holds them for the library, inaccessible.
enum class Hold : std::uint8_t { kClaimed, kReserved };

// The result of a request for pages at one place. kOccupied: another mapping is there.
enum class Opened : std::uint8_t { kDone, kOccupied, kRefused };

// Maps readable and writable pages, which read zero, exactly at `start`. Never replaces a foreign mapping.
Opened open_pages(void* start, std::size_t size, Hold hold);

// Make reserved space readable and writable, or only readable, which charges no memory. Both read zero.
bool commit(void* start, std::size_t size);
bool commit_readable(void* start, std::size_t size);

// The result of replacing a mapping. The kernel may unmap the old one and then refuse. The range is then
// mapped again, and reads zero.
//
// kSplit: the range cannot be moved because it is several mappings. kLost: mapping it again was refused, or
// another thread received the addresses. The library has no mapping there, and leaves a foreign one alone.
enum class Change { kDone, kRefused, kSplit, kLost };

// Reverses commit(): drops the contents. Limits on writable memory no longer count the range.
Change decommit(void* start, std::size_t size);

// Reverses open_pages(): drops the contents. No limit counts the range any more.
Change close_pages(void* start, std::size_t size, Hold hold);

// Drops the contents of free pages, and locks that a program left on them. The next touch reads zero. Returns
// false, with the contents kept, if the kernel refused, or if all memory is to be locked.
bool purge(void* start, std::size_t size);

// Moves the memory of `from` to `to` without copying. Drops that of `to`; `from` reads zero afterwards.
//
// `from` must lie in one mapping. Otherwise Linux before 6.17 moves nothing, but unmaps `to` before it
// reports that. Later ones may move a part. Refused before Linux 5.7, and while all memory is to be locked.
// kLost refers to `to`. If the move was not done, `to` may have lost its advice.
Change move_pages(void* from, void* to, std::size_t size);
// Drops the contents, and the separate mapping that move_pages() gave the range.
Change renew(void* start, std::size_t size);

// Returns whether anything is mapped at `address`.
bool is_mapped(const void* address);

// Makes pages that are touched from now on come from `node` while it has any.
bool prefer_node(void* start, std::size_t size, unsigned node);

// Sets one entry of `answers` for each page: 1 if the page is in memory, otherwise 0. Returns false if the
// kernel does not tell, or a part of the range is not mapped.
bool ask_resident(void* start, std::size_t size, unsigned char* answers);
// Adds the resident bytes of the range to `bytes`. Returns false as above.
bool find_resident(void* start, std::size_t size, std::size_t& bytes);
// Returns whether at least 7/8 of the range are in memory. Returns true too if the kernel does not tell.
bool mostly_resident(void* start, std::size_t size);

// Returns the present limit on this process's address space in bytes (RLIMIT_AS), or kNoLimit.
inline constexpr std::size_t kNoLimit = ~std::size_t{0};
std::size_t address_space_limit();

} // namespace ashlar::os
