// SPDX-License-Identifier: MIT
//
// Whether the kernel may back memory with huge pages (2 MiB): advice per range, and what the system allows.
#pragma once

#include <cstddef>

namespace ashlar::os {

// The range gets small pages only / huge ones where it is touched first and later, by a kernel thread. False
// if the kernel has none.
bool advise_small_pages(void* start, std::size_t size);
bool advise_huge_pages(void* start, std::size_t size);

// False if the system's setting is `never`. Read once.
bool huge_pages_allowed();

} // namespace ashlar::os
