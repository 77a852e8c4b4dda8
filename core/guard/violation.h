// SPDX-License-Identifier: MIT
//
// Further reports of the hardened library: the fault and the block. They end the process like all reports
// (slab/misuse.h). The caller holds no lock.
#pragma once

#include "guard/canary.h"
#include "guard/form.h"

#include <cstddef>

namespace ashlar::guard {

// Reports a release by two threads, neither of which could see the other's.
[[noreturn]] void report_released_twice_at_once(const void* block);

[[noreturn]] void report_overflow(const void* block, std::size_t size, std::size_t bytes);
// Reports an overflow that damaged the trailer. `room` is the block's length.
[[noreturn]] void report_overflow_into_trailer(const void* block, std::size_t room);
[[noreturn]] void report_written_after_release(const void* block, std::size_t offset);

// Report a claim that contradicts the allocation.
[[noreturn]] void report_wrong_size(const void* block, const canary::Facts& facts, const Claim& claim);
[[noreturn]] void report_wrong_alignment(const void* block, const canary::Facts& facts, const Claim& claim);
[[noreturn]] void report_wrong_form(const void* block, const canary::Facts& facts, const Claim& claim);

} // namespace ashlar::guard
