// SPDX-License-Identifier: MIT
#include "layout/refused_requests.h"

#include <catch2/catch.hpp>
#include <cstddef>

using ashlar::layout::RefusedRequests;

namespace {

// Requests until one is made.
std::size_t left_out(RefusedRequests& refused, std::size_t amount) {
    std::size_t requests = 0;
    while (refused.leave_out(amount))
        ++requests;
    return requests;
}

} // namespace

TEST_CASE("refused requests: nothing is left out before a refusal") {
    RefusedRequests refused;
    CHECK_FALSE(refused.leave_out(1));
    CHECK_FALSE(refused.leave_out(~std::size_t{0}));
}

TEST_CASE("refused requests: twice as many requests are left out each time and up to a limit") {
    RefusedRequests refused;
    for (const std::size_t expected : {1, 3, 7, 15, 31, 63, 127, 255, 255}) {
        refused.note_refused(1);
        CHECK(left_out(refused, 1) == expected);
        CHECK_FALSE(refused.leave_out(1));
    }
}

TEST_CASE("refused requests: less than was refused is asked for") {
    RefusedRequests refused;
    refused.note_refused(10);
    CHECK_FALSE(refused.leave_out(9));
    CHECK(refused.leave_out(10));
    refused.note_refused(3);
    CHECK(refused.leave_out(5));
    CHECK_FALSE(refused.leave_out(2));
}

TEST_CASE("refused requests: what was forgotten begins anew") {
    RefusedRequests refused;
    for (int i = 0; i < 5; ++i)
        refused.note_refused(1);
    refused.forget();
    CHECK_FALSE(refused.leave_out(1));
    refused.note_refused(1);
    CHECK(left_out(refused, 1) == 1);
}
