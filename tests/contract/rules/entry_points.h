// SPDX-License-Identifier: MIT
// Every way to ask for a block, as one table.
//
// Most rules of the contract hold for all of them: "any size above PTRDIFF_MAX gives null and ENOMEM, in
// every entry point". So the tests walk through this table instead of naming one function each.
#pragma once

#include <cstddef>
#include <span>

namespace contract {

struct EntryPoint {
    const char* name;
    void* (*allocate)(std::size_t size); // null when there is no memory, also for the throwing forms of new
    void (*release)(void* block);        // the partner: free or the matching delete
    std::size_t alignment;               // what this way of asking promises
};

std::span<const EntryPoint> entry_points();

} // namespace contract
