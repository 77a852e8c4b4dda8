// SPDX-License-Identifier: MIT
// What programs do to the pages of their blocks: locks, protection and advice.
#include "child.h"

#include <catch2/catch.hpp>
#include <sys/resource.h>
#include <unistd.h>

using contract::program;
using contract::run;

TEST_CASE("a locked page that was released does not keep the rest in memory", "[pages]") {
    REQUIRE_CLEAN(run({{program("locked_block")}, {{"ASHLAR_CONF", "purge_delay_ms:200"}}}));
}

TEST_CASE("a long block that was locked in the middle and released keeps neither memory nor lock",
          "[pages]") {
    REQUIRE_CLEAN(run({{program("locked_inside")}, {{"ASHLAR_CONF", "purge_delay_ms:200"}}}));
}

TEST_CASE("the release of a block that grew touches nothing of it", "[pages]") {
    REQUIRE_CLEAN(run({{program("grown_block")}}));
}

TEST_CASE("a large block that comes and goes beside requests that are refused takes no more addresses",
          "[pages]") {
    REQUIRE_CLEAN(run({{program("refused_beside_large")}}));
}

// Limits locked memory, as for a program without privilege.
void limit_locked_memory() {
    const struct rlimit limit { 65536, 65536 };
    setrlimit(RLIMIT_MEMLOCK, &limit);
    constexpr unsigned kNobody = 65534;
    if (getuid() == 0 && (setgid(kNobody) != 0 || setuid(kNobody) != 0)) _exit(1);
}

TEST_CASE("blocks that were released locked do not use up the limit on locked memory", "[pages]") {
    for (const char* const size : {"32", "1000", "4096", "20000", "40000"}) {
        INFO(size);
        REQUIRE_CLEAN(run({{program("locks_again"), size}, {}, limit_locked_memory}));
    }
}

TEST_CASE("nor do those that lie somewhere else each time", "[pages][ashlar-only]") {
    REQUIRE_CLEAN(run({{program("locks_elsewhere")}, {}, limit_locked_memory}));
}

TEST_CASE("when all memory is locked it stays locked and in place", "[pages]") {
    for (const char* const what : {"future", "current"}) {
        INFO(what);
        const contract::Outcome outcome = run({{program("all_locked"), what}});
        INFO(outcome.describe());
        if (outcome.status == 77 << 8) {
            WARN("not tried: so much memory may not be locked here");
            return;
        }
        CHECK(outcome.clean());
    }
}

TEST_CASE("protection and advice end with their block", "[pages]") {
    for (const char* const what : {"dontfork", "wipeonfork", "readonly", "guard", "huge"}) {
        for (const char* const size : {"131072", "3000000", "16777216"}) {
            INFO(what << ' ' << size);
            REQUIRE_CLEAN(run({{program("page_attributes"), what, size}}));
        }
    }
}
