// SPDX-License-Identifier: MIT
// Pointers that are no live block: found at the latest when the thread or the process ends or at malloc_trim,
// told in one line on stderr that names the address, ended by abort.
#include "child.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <signal.h>
#include <string>

using contract::Outcome;
using contract::program;
using contract::run;

namespace {

constexpr const char* kSizes[] = {"1", "16", "64", "100", "1000", "1024", "5000", "8192", "20000", "32768"};
constexpr const char* kMoments[] = {"trim", "thread", "exit", "main"};

// The program prints the bad address on stdout before it passes it to free.
void check_report(const Outcome& outcome) {
    INFO(outcome.describe());
    CHECK(outcome.killed_by(SIGABRT));
    CHECK(outcome.errors.find("ashlar:") != std::string::npos);
    CHECK(std::count(outcome.errors.begin(), outcome.errors.end(), '\n') == 1);
    REQUIRE(outcome.output.size() > 3);
    REQUIRE(outcome.output.back() == '\n');
    const std::string address = outcome.output.substr(0, outcome.output.size() - 1);
    const std::size_t at = outcome.errors.find(address);
    REQUIRE(at != std::string::npos);
    const char behind = outcome.errors[at + address.size()];
    CHECK_FALSE(
        std::isxdigit(static_cast<unsigned char>(behind))); // the whole address, not the start of another
}

void check_everywhere(const std::string& misuse) {
    for (const char* const moment : kMoments)
        for (const char* const size : kSizes) {
            INFO(misuse << ", found at " << moment << ", size " << size);
            check_report(run({{program("misuse"), misuse, moment, size}}));
        }
}

} // namespace

TEST_CASE("a block is freed twice in a row", "[ashlar-only]") {
    check_everywhere("double");
}

TEST_CASE("a block is freed twice with other frees between", "[ashlar-only]") {
    check_everywhere("double_later");
}

TEST_CASE("a block is freed by two threads", "[ashlar-only]") {
    check_everywhere("double_by_two");
}

TEST_CASE("a block is freed twice, the second time by another thread after the first ended",
          "[ashlar-only]") {
    check_everywhere("double_by_successor");
}

TEST_CASE("a pointer into a block is freed", "[ashlar-only]") {
    check_everywhere("interior");
}

TEST_CASE("a pointer just behind a block's start is freed", "[ashlar-only]") {
    check_everywhere("unaligned");
}

TEST_CASE("a pointer into the window that is no block is freed", "[ashlar-only]") {
    check_everywhere("window");
}

TEST_CASE("a pointer that is no block is resized", "[ashlar-only]") {
    check_everywhere("realloc_interior");
}

TEST_CASE("an address that no malloc gives out is freed", "[ashlar-only]") {
    for (const char* const misuse :
         {"tiny", "odd", "beyond", "stack", "variable", "realloc_tiny", "usable_size_tiny"}) {
        INFO(misuse);
        check_report(run({{program("misuse"), misuse, "exit", "4096"}}));
    }
}

TEST_CASE("the report is one write", "[ashlar-only]") {
    const Outcome outcome = run({{program("misuse"), "double", "packets", "64"}});
    INFO(outcome.describe());
    CHECK(outcome.status == 0);
    CHECK(outcome.output == "1 write\n");
}

TEST_CASE("the same program without misuse ends well", "[ashlar-only]") {
    for (const char* const moment : kMoments)
        for (const char* const size : kSizes) {
            const Outcome outcome = run({{program("misuse"), "none", moment, size}});
            INFO(outcome.describe());
            CHECK(outcome.clean());
        }
}
