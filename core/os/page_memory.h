// SPDX-License-Identifier: MIT
//
// Address space and pages: everything that the allocator asks of the kernel's memory management.
//
// All functions take page-aligned ranges, may be called under any lock, keep errno and report failure by
// their result. Any of these calls may fail at any time (RLIMIT_AS, vm.max_map_count, overcommit, seccomp).
#pragma once

#include "os/page_size.h"

#include <cstddef>
#include <cstdint>

namespace ashlar::os {

// Inaccessible address space, no memory behind it; null if there is none of that size.
void* reserve(std::size_t size);
bool unreserve(void* start, std::size_t size);

// How addresses are ours. kClaimed: the place was chosen, and nothing is mapped there until it is used.
// kReserved: the kernel holds them for us, inaccessible.
enum class Hold : std::uint8_t { kClaimed, kReserved };

// What became of a request for pages at one place. kOccupied: something else is mapped there.
enum class Opened : std::uint8_t { kDone, kOccupied, kRefused };

// Maps readable and writable pages, which read zero, exactly there. Takes nothing from whoever is there.
Opened open_pages(void* start, std::size_t size, Hold hold);

// Reserved space becomes readable and writable (zero) / readable (zero, charged to nobody).
bool commit(void* start, std::size_t size);
bool commit_readable(void* start, std::size_t size);

// What became of a mapping that was to replace another. The kernel may have unmapped that before it refused;
// it is then mapped again, reading zero. kLost: mapping it again was refused too, or another thread was given
// the addresses meanwhile. Nothing of ours is there any more, and what is there is not touched. Split is a
// range that cannot be moved because it is several mappings.
enum class Change { kDone, kRefused, kSplit, kLost };

// The reverse of commit(): the contents are dropped, and limits on writable memory no longer count the range.
Change decommit(void* start, std::size_t size);

// The reverse of open_pages(): the contents are dropped, and no limit counts the range.
Change close_pages(void* start, std::size_t size, Hold hold);

// The contents of free pages are dropped, and locks that a program left on them; the next touch finds zeroes.
// False if the kernel refused (contents kept), as it does while all memory is to be locked.
bool purge(void* start, std::size_t size);

// The memory of `from` becomes that of `to`, whose own is dropped, without copying; `from` reads zero then.
// `from` has to lie in one mapping. Linux before 6.17 moves nothing otherwise, but unmaps `to` before it says
// so. Later ones may move a part. Refused before Linux 5.7, and while all memory is to be locked. Lost may be
// `to`; if the move was not done, `to` may have lost its advice.
Change move_pages(void* from, void* to, std::size_t size);
// Drops the contents, and with them the mapping of its own that move_pages() gave the range.
Change renew(void* start, std::size_t size);

// Something is mapped at the address.
bool is_mapped(const void* address);

// Pages touched from now on come from this node of the machine while it has any.
bool prefer_node(void* start, std::size_t size, unsigned node);

// Which of the system's pages of a range are in memory: 1 in `answers`, one for each, otherwise 0. False if
// the kernel does not tell, or the range is not mapped as a whole.
bool ask_resident(void* start, std::size_t size, unsigned char* answers);
// Adds what is resident of the range; false as above.
bool find_resident(void* start, std::size_t size, std::size_t& bytes);
// Whether at least seven eighths of the range are in memory; true, too, if the kernel does not tell.
bool mostly_resident(void* start, std::size_t size);

// The limit on this process's address space now, in bytes (RLIMIT_AS); kNoLimit if there is none.
inline constexpr std::size_t kNoLimit = ~std::size_t{0};
std::size_t address_space_limit();

} // namespace ashlar::os
