// SPDX-License-Identifier: MIT
// Exactly which build of an allocator was measured.
#pragma once

#include "allocators/allocator.h"
#include "machine/interrupt.h"

namespace ashlar::allocators {

struct Identity {
    std::string library; // for System the C library
    std::string sha256;  // empty if sha256sum is missing
    std::string package; // "name version" where dpkg knows the file, else empty
};

// The C library that this program runs on.
std::string c_library();

// An interrupt shortens the search: what is not known then is empty.
Identity identify(const Allocator& allocator, const machine::Interrupt* interrupt = nullptr);

} // namespace ashlar::allocators
