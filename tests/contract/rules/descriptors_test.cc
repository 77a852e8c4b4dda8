// SPDX-License-Identifier: MIT
// Descriptors 0 to 2 may be closed or belong to a file of the program. The library never writes there
// unasked.
#include "child.h"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

using contract::Child;
using contract::program;
using contract::run;

namespace {

void close_standard_descriptors() {
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        close(descriptor);
}

} // namespace

TEST_CASE("a program without standard descriptors allocates") {
    const contract::Outcome outcome =
        run({{program("four_threads"), "262144"}, {}, close_standard_descriptors});
    INFO(outcome.describe());
    CHECK(outcome.clean());
}

TEST_CASE("a file that got descriptor 2 holds what the program wrote and nothing else") {
    const contract::Outcome outcome = run({{program("own_descriptors")}, {}, close_standard_descriptors});
    INFO(outcome.describe());
    CHECK(outcome.clean());
}

TEST_CASE("misuse without a stderr still ends in abort", "[ashlar-only]") {
    const contract::Outcome outcome =
        run({{program("misuse"), "double", "trim", "64"}, {}, close_standard_descriptors});
    INFO(outcome.describe());
    CHECK(outcome.killed_by(SIGABRT));
}
