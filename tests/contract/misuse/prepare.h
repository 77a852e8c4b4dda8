// SPDX-License-Identifier: MIT
//
// What is right before something goes wrong, for kinds that begin alike.
#pragma once

#include "common/heap.h"
#include "scene.h"

namespace misuse {

// A block in a row of others, still in use to the end.
inline void live_block(Scene& s) {
    s.put_in_row(common::heap::allocate);
    s.work.keep(s.block, s.size);
}

// A block in a row of others; what becomes of it is the kind's business.
inline void own_block(Scene& s) {
    s.put_in_row(common::heap::allocate);
}

inline void freed_block(Scene& s) {
    s.put_in_row(common::heap::allocate);
    common::heap::release(s.block);
}

// The old address of a block that realloc has moved.
inline void moved_block(Scene& s) {
    s.put_in_row(common::heap::allocate);
    void* now = s.block;
    std::size_t size = s.size;
    for (int doublings = 0; doublings < 6 && now == s.block; ++doublings) {
        size *= 2;
        now = common::heap::resize(now, size);
    }
    s.work.keep(now, size);
    if (now == nullptr || now == s.block) s.skip();
}

} // namespace misuse
