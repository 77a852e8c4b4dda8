// SPDX-License-Identifier: MIT
//
// How a block was requested, and what the caller of a release claims about it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ashlar::guard {

enum class Form : std::uint8_t { kMalloc, kNew, kNewArray };

struct Claim {
    Form form = Form::kMalloc;
    bool by_operator = false;  // released by a form of delete, which tells the form of new
    std::size_t size = 0;      // 0: not claimed
    std::size_t alignment = 0; // 0: not claimed
};

} // namespace ashlar::guard
