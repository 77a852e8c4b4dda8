// SPDX-License-Identifier: MIT
#include "machine/output_of.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>

using ashlar::machine::output_of;

TEST_CASE("output_of: what a program prints, and how it ends") {
    const auto printed = output_of({"sh", "-c", "cat; echo word; echo wrong >&2; exit 3"});
    CHECK(printed.error == 0);
    CHECK(printed.status == 3);
    CHECK(printed.output == "word\n"); // and nothing was read from this program's input
    CHECK(printed.errors == "wrong\n");
    CHECK(output_of({"sh", "-c", "kill -KILL $$"}).status == 128 + SIGKILL);
}

TEST_CASE("output_of: more than a pipe holds, to both") {
    const auto printed = output_of({"sh", "-c", "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2"});
    CHECK(printed.output.size() == 300'000);
    CHECK(printed.errors.size() == 300'000);
}

TEST_CASE("output_of: a program that is not there") {
    CHECK(output_of({"no-such-program-anywhere"}).error == ENOENT);
    CHECK(output_of({"/"}).error == EACCES);
}
