// SPDX-License-Identifier: MIT
#include "machine/interrupt.h"

#include <catch2/catch.hpp>
#include <csignal>

using ashlar::machine::Interrupt;

TEST_CASE("interrupt: it is known which signal requested it, as often as one asks") {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        const Interrupt interrupt;
        CHECK_FALSE(interrupt.requested());
        CHECK(interrupt.signal() == 0);
        std::raise(number);
        for (int times = 0; times < 2; ++times) {
            CHECK(interrupt.requested());
            CHECK(interrupt.signal() == number);
        }
    }
}

TEST_CASE("interrupt: a signal that was ignored stays ignored") {
    std::signal(SIGHUP, SIG_IGN);
    const Interrupt interrupt;
    std::raise(SIGHUP);
    CHECK_FALSE(interrupt.requested());
    CHECK(interrupt.signal() == 0);
    std::signal(SIGHUP, SIG_DFL);
}
