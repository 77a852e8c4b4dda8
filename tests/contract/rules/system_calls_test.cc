// SPDX-License-Identifier: MIT
// System calls that fail, are missing, or are forbidden.
#include "child.h"
#include "subject.h"

#include <catch2/catch.hpp>

using contract::program;
using contract::run;

TEST_CASE("each memory call fails in turn: null and ENOMEM, nothing aborts, nothing is lost") {
    REQUIRE_CLEAN(run({{program("failing_calls"), "once"}}));
}

TEST_CASE("memory calls fail for a while and then work again") {
    REQUIRE_CLEAN(run({{program("failing_calls"), "while"}}));
}

TEST_CASE("the table of mappings is full for a while") {
    REQUIRE_CLEAN(run({{program("many_mappings")}}));
}

TEST_CASE("a closed block is released while the table of mappings is full", "[ashlar-only]") {
    REQUIRE_CLEAN(run({{program("many_mappings"), "closed"}}));
}

TEST_CASE("optional system calls are missing") {
    REQUIRE_CLEAN(run({{program("without_calls"), "ENOSYS", program("four_threads"), "262144"}}));
}

TEST_CASE("optional system calls are forbidden") {
    REQUIRE_CLEAN(run({{program("without_calls"), "EPERM", program("four_threads"), "262144"}}));
}

TEST_CASE("/proc and /sys are missing") {
    const contract::Outcome outcome = run({{program("without_proc"), program("four_threads"), "262144"}});
    INFO(outcome.describe());
    if (outcome.status == 77 << 8) {
        WARN("not tried: this machine allows no mount namespace");
        return;
    }
    CHECK(outcome.clean());
}

TEST_CASE("blocks of the size classes need six system calls at most", "[ashlar-only]") {
    // Allows mmap munmap mprotect madvise mremap futex. The C library's malloc uses brk, so System cannot
    // pass.
    REQUIRE_CLEAN(run({{program("six_calls")}}));
}
