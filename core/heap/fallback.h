// SPDX-License-Identifier: MIT
//
// The malloc behind Ashlar. It serves what the size classes do not, and every pointer that does not lie in
// the window. It serves everything when there is no window or it is switched off.
//
// There are two implementations. In the preload library it is the next malloc in link order
// (fallback_next.cc), in the static library the program's malloc (fallback_linked.cc). Functions behave as
// their namesakes and set errno as they do.
#pragma once

#include <cstddef>
#include <string_view>

namespace ashlar::heap::fallback {

// Whether this stands behind the process's malloc (the preload library) or beside it.
bool behind_malloc();

// Looks up what is needed, so that no later call has to. Optional, may be repeated.
void prepare();

void* allocate(std::size_t size);
void* allocate_zeroed(std::size_t count, std::size_t size);
void* allocate_aligned(std::size_t alignment, std::size_t size);
void* resize(void* block, std::size_t size);
void release(void* block);
std::size_t usable_size(void* block);

// Whether this is the C library's own malloc. False if that is not known, as in the static library.
bool is_c_library();

// Why the address can be none of its blocks, in words, or nothing. The C library's malloc has no block in a
// program or library, and none at all before it gave out the first. Of another malloc everything is believed.
std::string_view objection_to(const void* address);

bool trim(std::size_t keep);
std::size_t allocated_bytes(); // that its blocks occupy

} // namespace ashlar::heap::fallback
