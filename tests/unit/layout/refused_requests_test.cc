// SPDX-License-Identifier: MIT
#include "layout/refused_requests.h"

#include <catch2/catch.hpp>
#include <cstddef>

using ashlar::layout::RefusedRequests;

namespace {

// Counts the requests that are left out before the next attempt.
std::size_t left_out(RefusedRequests& refused) {
    std::size_t requests = 0;
    while (refused.leave_out())
        ++requests;
    return requests;
}

} // namespace

TEST_CASE("refused requests: nothing is left out before a refusal") {
    RefusedRequests refused;
    CHECK_FALSE(refused.leave_out());
}

TEST_CASE("refused requests: twice as many are left out each time and up to a limit") {
    RefusedRequests refused;
    for (const std::size_t expected : {1, 3, 7, 15, 31, 63, 127, 255, 255}) {
        refused.note_refused();
        CHECK(left_out(refused) == expected);
        CHECK_FALSE(refused.leave_out());
    }
}

TEST_CASE("refused requests: what was forgotten begins anew") {
    RefusedRequests refused;
    for (int i = 0; i < 5; ++i)
        refused.note_refused();
    refused.forget();
    CHECK_FALSE(refused.leave_out());
    refused.note_refused();
    CHECK(left_out(refused) == 1);
}
