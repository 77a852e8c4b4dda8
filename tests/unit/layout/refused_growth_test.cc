// SPDX-License-Identifier: MIT
#include "layout/refused_growth.h"

#include <catch2/catch.hpp>
#include <cstddef>

using ashlar::layout::RefusedGrowth;

namespace {

// Tries until one is made.
std::size_t left_out(RefusedGrowth& growth, std::size_t superslabs) {
    std::size_t tries = 0;
    while (growth.leave_out(superslabs))
        ++tries;
    return tries;
}

} // namespace

TEST_CASE("refused growth: nothing is left out before a refusal") {
    RefusedGrowth growth;
    CHECK_FALSE(growth.leave_out(1));
    CHECK_FALSE(growth.leave_out(~std::size_t{0}));
}

TEST_CASE("refused growth: twice as many tries are left out each time and up to a limit") {
    RefusedGrowth growth;
    for (const std::size_t expected : {1, 3, 7, 15, 31, 63, 127, 255, 255}) {
        growth.note_refused(1);
        CHECK(left_out(growth, 1) == expected);
        CHECK_FALSE(growth.leave_out(1));
    }
}

TEST_CASE("refused growth: less than was refused is tried") {
    RefusedGrowth growth;
    growth.note_refused(10);
    CHECK_FALSE(growth.leave_out(9));
    CHECK(growth.leave_out(10));
    growth.note_refused(3);
    CHECK(growth.leave_out(5));
    CHECK_FALSE(growth.leave_out(2));
}

TEST_CASE("refused growth: what was forgotten begins anew") {
    RefusedGrowth growth;
    for (int i = 0; i < 5; ++i)
        growth.note_refused(1);
    growth.forget();
    CHECK_FALSE(growth.leave_out(1));
    growth.note_refused(1);
    CHECK(left_out(growth, 1) == 1);
}
