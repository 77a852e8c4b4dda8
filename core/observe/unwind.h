// SPDX-License-Identifier: MIT
//
// The return addresses on a stack. Takes no lock, allocates nothing, cannot fault, keeps errno, and needs
// less than 2 KiB of stack. It may be called in a signal handler, whatever that interrupted.
// docs/design/observe.md, "Unwinding", says why.
//
// Frames are followed by what the objects' .eh_frame says, on x86-64 with glibc 2.35 or newer. Frames of code
// without a description (made at run time, say), and all frames on aarch64, are followed by frame pointers.
// On other processors no frames are found.
#pragma once

#include <cstdint>

namespace ashlar::observe {

// Those of the calling thread, innermost first, at most `most`. Of the caller's own return address the number
// is 0; the `skip` innermost are left out.
unsigned unwind(std::uintptr_t* addresses, unsigned most, unsigned skip);

// Those of the code that a signal interrupted; `context` is the handler's third argument. The first is the
// interrupted instruction. As with every frame that a signal interrupted, its address is given plus 1. So
// whoever looks up return addresses less 1 finds the right line.
unsigned unwind_from(const void* context, std::uintptr_t* addresses, unsigned most);

} // namespace ashlar::observe
