// SPDX-License-Identifier: MIT
//
// What the hardened library reports besides: what was done, to which block. It ends like all reports, see
// slab/misuse.h. Hold no lock.
#pragma once

#include "guard/canary.h"
#include "guard/form.h"

#include <cstddef>

namespace ashlar::guard {

// By two threads, neither of which could see the other.
[[noreturn]] void report_released_twice_at_once(const void* block);

[[noreturn]] void report_overflow(const void* block, std::size_t size, std::size_t bytes);
// So much that the trailer of the block, whose room is known, is not what it was.
[[noreturn]] void report_overflow_into_trailer(const void* block, std::size_t room);
[[noreturn]] void report_written_after_release(const void* block, std::size_t offset);

// What the caller says is not how the block was allocated.
[[noreturn]] void report_wrong_size(const void* block, const canary::Facts& facts, const Claim& claim);
[[noreturn]] void report_wrong_alignment(const void* block, const canary::Facts& facts, const Claim& claim);
[[noreturn]] void report_wrong_form(const void* block, const canary::Facts& facts, const Claim& claim);

} // namespace ashlar::guard
