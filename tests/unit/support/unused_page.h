// SPDX-License-Identifier: MIT
//
// A page of the heap without blocks, for tests of messages about pointers into that page.
#pragma once

#include "layout/window.h"

#include <ashlar/ashlar.h>

#include <catch2/catch.hpp>
#include <cstddef>

namespace unit {

inline char* unused_page() {
    constexpr std::size_t kSize = std::size_t{1} << 20;
    auto* const block = static_cast<char*>(ashlar_malloc(kSize));
    char* const page = block + kSize / 2; // no block starts here
    ashlar_free(block);
    REQUIRE(ashlar::layout::window.header_of(page) == ashlar::layout::kUnused);
    return page;
}

} // namespace unit
