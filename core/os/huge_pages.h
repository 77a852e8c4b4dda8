// SPDX-License-Identifier: MIT
//
// Huge pages (2 MiB): advice for ranges, and the system's setting.
#pragma once

#include <cstddef>

namespace ashlar::os {

// Advise small pages only, or huge ones, which a kernel thread may also make later. False: there are none.
bool advise_small_pages(void* start, std::size_t size);
bool advise_huge_pages(void* start, std::size_t size);

// Returns false if the system's setting is `never`. Reads the setting once.
bool huge_pages_allowed();

} // namespace ashlar::os
