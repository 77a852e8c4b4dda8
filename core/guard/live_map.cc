// SPDX-License-Identifier: MIT
#include "guard/live_map.h"

#include "layout/metadata_pool.h"

#include <algorithm>

namespace ashlar::guard {

constinit LiveMap live_map;

bool LiveMap::grow(std::size_t offset) {
    const os::Guard guard(layout::metadata_pool.mutex());
    layout::MetadataPart& bytes = layout::window.live_bytes;
    if (!bytes.grow_to(offset / layout::kAlignment + 1)) return false;
    covered_.store(bytes.committed() * layout::kAlignment, std::memory_order_release);
    return true;
}

} // namespace ashlar::guard
