// SPDX-License-Identifier: MIT
// The exact build of an allocator that was measured.
#pragma once

#include "allocators/allocator.h"
#include "machine/interrupt.h"

namespace ashlar::allocators {

struct Identity {
    std::string library; // the C library for System
    std::string sha256;  // empty if sha256sum is missing
    std::string package; // "name version" if dpkg knows the file, else empty
};

// Returns the path of the C library that this program runs on.
std::string c_library();

// Identifies an allocator. An interrupt shortens the search and leaves the unknown fields empty.
Identity identify(const Allocator& allocator, const machine::Interrupt* interrupt = nullptr);

} // namespace ashlar::allocators
