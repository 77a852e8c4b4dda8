// SPDX-License-Identifier: MIT
// All functions that allocate a block, as one table.
//
// Most rules hold for all of them: "any size above PTRDIFF_MAX gives null and ENOMEM, in every entry point".
// So the tests iterate over this table instead of naming functions.
#pragma once

#include <cstddef>
#include <span>

namespace contract {

struct EntryPoint {
    const char* name;
    void* (*allocate)(
        std::size_t size);        // returns null when memory is refused, also for the throwing forms of new
    void (*release)(void* block); // the matching free or delete
    std::size_t alignment;        // promised alignment, in bytes
};

std::span<const EntryPoint> entry_points();

} // namespace contract
