// SPDX-License-Identifier: MIT
//
// The malloc behind Ashlar. It serves requests beyond the size classes and the window, and every pointer
// outside of the window. It serves everything if there is no window or Ashlar is switched off.
// There are two implementations. In the preload library it is the next malloc in link order
// (fallback_next.cc), in the static library the program's malloc (fallback_linked.cc). The functions work and
// set errno as the C functions of that purpose.
#pragma once

#include <cstddef>
#include <string_view>

namespace ashlar::heap::fallback {

// Returns whether the fallback is the next malloc in link order (preload library), not the program's own.
bool behind_malloc();

// Looks up all functions, so that later calls need not. Optional and repeatable.
void prepare();

void* allocate(std::size_t size);
void* allocate_zeroed(std::size_t count, std::size_t size);
void* allocate_aligned(std::size_t alignment, std::size_t size);
void* resize(void* block, std::size_t size);
void release(void* block);
std::size_t usable_size(void* block);

// Returns whether the fallback is the C library's malloc; false if unknown, as in the static library.
bool is_c_library();

// Returns in words why `address` is none of the fallback's blocks, or an empty text. The C library's malloc
// has no block in a program or library, and no block before its first allocation. For another malloc every
// address is accepted.
std::string_view objection_to(const void* address);

bool trim(std::size_t keep);
std::size_t allocated_bytes(); // bytes in its blocks

} // namespace ashlar::heap::fallback
