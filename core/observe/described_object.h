// SPDX-License-Identifier: MIT
//
// The loaded program or library around an address, and where its frame descriptions are.
#pragma once

#include "observe/object_bytes.h"

#include <cstdint>

namespace ashlar::observe {

struct DescribedObject : ObjectExtent {
    std::uintptr_t header = 0;  // of .eh_frame_hdr; 0 if it has none
    std::uint32_t identity = 0; // differs from that of another object that was at the same addresses

    bool contains(std::uintptr_t address) const { return address - begin < end - begin; }
};

// False if there is none. Takes no lock and may be called in signal handlers. What it finds may be gone
// already: dlclose unmaps an object first.
bool find_object(std::uintptr_t address, DescribedObject& object);

} // namespace ashlar::observe
