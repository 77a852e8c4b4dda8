// SPDX-License-Identifier: MIT
// How much of huge pages was never touched. The kernel does not know: it maps two megabytes at once, full of
// zeros. So pages of the smallest size are looked at, and one that is all zeros counts as untouched. (What a
// program cleared and never wrote to counts as well.)
#pragma once

#include "process/memory.h"
#include "process/residency.h"

#include <cstdint>
#include <vector>

namespace ashlar::observe {

// An estimate, in bytes: of all of the pages if they are few, else of 512 of them. Its standard error is
// at most 2.3 % of what the spans hold.
std::uint64_t untouched_bytes(const process::Memory& memory, const std::vector<process::PageSpan>& spans);

} // namespace ashlar::observe
