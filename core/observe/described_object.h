// SPDX-License-Identifier: MIT
//
// The loaded program or library around an address, and the place of its frame descriptions.
#pragma once

#include "observe/object_bytes.h"

#include <cstdint>

namespace ashlar::observe {

struct DescribedObject : ObjectExtent {
    std::uintptr_t header = 0;  // address of .eh_frame_hdr; 0 if it has none
    std::uint32_t identity = 0; // differs from that of another object at the same addresses

    bool contains(std::uintptr_t address) const { return address - begin < end - begin; }
};

// Finds the object around `address`, or returns false. Takes no lock, and may be called in signal handlers.
// The object may be gone already, because dlclose unmaps it first.
bool find_object(std::uintptr_t address, DescribedObject& object);

} // namespace ashlar::observe
