// SPDX-License-Identifier: MIT
// The end of the process: code runs after main, detached threads continue, and the heap stays usable.
#include "child.h"

#include <catch2/catch.hpp>

using contract::program;
using contract::run;

TEST_CASE("code after main allocates and frees") {
    const contract::Outcome outcome = run({{program("after_main")}});
    INFO(outcome.describe());
    REQUIRE(outcome.clean());
    CHECK(outcome.output == "atexit\nstatic destructor\ndestructor function\n");
}

TEST_CASE("detached threads allocate while the process ends") {
    constexpr int kRuns = 50;
    for (int i = 0; i < kRuns; ++i) {
        INFO("run " << i);
        REQUIRE_CLEAN(run({{program("detached_at_exit"), "main"}}));
    }
}

TEST_CASE("exit is called by a thread while others allocate") {
    constexpr int kRuns = 50;
    for (int i = 0; i < kRuns; ++i) {
        INFO("run " << i);
        REQUIRE_CLEAN(run({{program("detached_at_exit"), "thread"}}));
    }
}

TEST_CASE("quick_exit and _exit end the process at once") {
    REQUIRE_CLEAN(run({{program("detached_at_exit"), "quick_exit"}}));
    REQUIRE_CLEAN(run({{program("detached_at_exit"), "_exit"}}));
}
