// SPDX-License-Identifier: MIT
//
// Finds the return addresses on a stack. Takes no lock, allocates nothing, cannot fault, keeps errno, and
// needs less than 2 KiB of stack. May be called in any signal handler. docs/design/observe.md, "Unwinding",
// says why.
//
// On x86-64 with glibc 2.35 or newer, frames are followed by the objects' .eh_frame. Code without a
// description (made at run time, say) is followed by frame pointers, and so are all frames on aarch64. On
// other processors no frames are found.
#pragma once

#include <cstdint>

namespace ashlar::observe {

// Writes the calling thread's return addresses, innermost first, and returns their number, at most `most`.
// The first is the return address of this call. The `skip` innermost are left out.
unsigned unwind(std::uintptr_t* addresses, unsigned most, unsigned skip);

// Writes the addresses of the code that a signal interrupted. `context` is the handler's third argument. The
// first address is the interrupted instruction. Addresses of interrupted frames are given plus 1. A reader
// that looks up each address less 1 thus finds the right line.
unsigned unwind_from(const void* context, std::uintptr_t* addresses, unsigned most);

} // namespace ashlar::observe
