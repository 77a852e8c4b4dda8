// SPDX-License-Identifier: MIT
//
// How a block was asked for, and what the caller who releases it says about that.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ashlar::guard {

enum class Form : std::uint8_t { kMalloc, kNew, kNewArray };

struct Claim {
    Form form = Form::kMalloc;
    bool by_operator = false;  // a form of delete, which says in which form new was called
    std::size_t size = 0;      // 0: not said
    std::size_t alignment = 0; // 0: not said
};

} // namespace ashlar::guard
