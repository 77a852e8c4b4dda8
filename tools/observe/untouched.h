// SPDX-License-Identifier: MIT
// Estimates the memory of huge pages that was never touched. The kernel does not know: it maps 2 MiB of zeros
// at once. So this reads pages of the smallest size, and counts pages of zeros as untouched. Pages that a
// program cleared and never wrote to count too.
#pragma once

#include "process/memory.h"
#include "process/residency.h"

#include <cstdint>
#include <vector>

namespace ashlar::observe {

// Returns an estimate in bytes. Reads all pages if they are few, else 512 of them. The standard error is at
// most 2.3 % of the spans' size.
std::uint64_t untouched_bytes(const process::Memory& memory, const std::vector<process::PageSpan>& spans);

} // namespace ashlar::observe
