// SPDX-License-Identifier: MIT
//
// Correct preparations that several kinds share.
#pragma once

#include "common/heap.h"
#include "scene.h"

namespace misuse {

// Puts a block in a row of others. It is in use to the end.
inline void live_block(Scene& s) {
    s.put_in_row(common::heap::allocate);
    s.work.keep(s.block, s.size);
}

// Puts a block in a row of others. The kind of misuse decides what happens to it.
inline void own_block(Scene& s) {
    s.put_in_row(common::heap::allocate);
}

inline void freed_block(Scene& s) {
    s.put_in_row(common::heap::allocate);
    common::heap::release(s.block);
}

// Takes the old address of a block that realloc has moved.
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
