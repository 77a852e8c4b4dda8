// SPDX-License-Identifier: MIT
// Address space: the heap claims addresses and maps what it uses, so limits, locks and layouts work as under
// System.
#include "child.h"
#include "subject.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>
#include <sys/personality.h>
#include <sys/resource.h>
#include <unistd.h>

using contract::Child;
using contract::Outcome;
using contract::program;
using contract::run;

namespace {

constexpr rlim_t kMiB = rlim_t{1} << 20;

using Environment = std::vector<std::pair<std::string, std::string>>;

// Returns the number that the program prints.
std::size_t number_of(std::vector<std::string> command, const Environment& environment) {
    const Outcome outcome = run({std::move(command), environment, {}});
    INFO(outcome.describe());
    REQUIRE(outcome.clean());
    return std::stoul(outcome.output);
}

// Uses one arena. A second thread's arena would reserve 64 MiB. That fits into some limits by chance, and
// leaves nothing for the program's own mappings.
const Environment kUnderSystem{{"LD_PRELOAD", ""}, {"MALLOC_ARENA_MAX", "1"}};

void require_bytes_as_under_system(rlim_t more, const char* size, bool from_outside) {
    std::vector<std::string> command{program("lowered_limit"), std::to_string(more), size};
    if (from_outside) command.emplace_back("outside");
    const std::size_t of_system = number_of(command, kUnderSystem);
    const std::size_t bytes = number_of(command, {});
    INFO(more / kMiB << " MiB more, blocks of " << size << ": " << bytes << ", under System " << of_system);
    CHECK(bytes + 16 * kMiB >= of_system);
}

} // namespace

TEST_CASE("the address space is System's and at most 64 MiB more") {
    for (const char* const held : {"0", "1073741824"}) {
        const std::vector<std::string> command{program("address_space"), held};
        const std::size_t of_system = number_of(command, kUnderSystem);
        const std::size_t bytes = number_of(command, {});
        INFO(held << " bytes held: " << bytes << ", under System " << of_system);
        CHECK(bytes <= of_system + 64 * kMiB);
    }
}

TEST_CASE("a program whose address space is limited at run time works on, and gets what System gives") {
    for (rlim_t more = 16 * kMiB; more <= 1024 * kMiB; more += more / 2) {
        for (const char* const size : {"1000", "100000", "3000000"})
            require_bytes_as_under_system(more, size, false);
    }
    for (const rlim_t more : {16 * kMiB, 100 * kMiB})
        require_bytes_as_under_system(more, "20000", true);
}

// Takes minutes; runs with ctest -C exhaustive.
TEST_CASE("a program whose address space is limited to any size at run time works on", "[.exhaustive]") {
    for (rlim_t more = 16 * kMiB; more <= 1024 * kMiB; more += more / 20) {
        for (const char* const size : {"64", "1000", "20000", "100000", "3000000"})
            require_bytes_as_under_system(more, size, more / kMiB % 2 == 0);
    }
}

TEST_CASE("memory is locked, present and future, without privilege and within a small limit") {
    REQUIRE_CLEAN(run({{program("locked_memory")}, {{"MALLOC_ARENA_MAX", "1"}}, [] {
                           const struct rlimit limit { 64 * kMiB, 64 * kMiB };
                           setrlimit(RLIMIT_MEMLOCK, &limit);
                           constexpr unsigned kNobody = 65534;
                           if (getuid() == 0 && (setgid(kNobody) != 0 || setuid(kNobody) != 0)) _exit(1);
                       }}));
}

TEST_CASE("the heap serves in every layout of addresses", "[ashlar-only]") {
    const Child usual{{program("owns_its_blocks")}};
    REQUIRE_CLEAN(run(usual));
    Child unlimited_stack = usual;
    unlimited_stack.prepare = [] {
        const struct rlimit limit { RLIM_INFINITY, RLIM_INFINITY };
        setrlimit(RLIMIT_STACK, &limit);
    };
    REQUIRE_CLEAN(run(unlimited_stack));
    for (const unsigned long layout : {ADDR_COMPAT_LAYOUT, ADDR_NO_RANDOMIZE}) {
        Child child = usual;
        child.prepare = [layout] { personality(layout); };
        INFO("personality " << layout);
        REQUIRE_CLEAN(run(child));
    }
}

TEST_CASE("mappings of the program's own in the way of the heap are stepped over", "[ashlar-only]") {
    REQUIRE_CLEAN(run({{program("strangers"), "heap"}}));
}

TEST_CASE("mappings of the program's own in the way of its tables end the heap's growth", "[ashlar-only]") {
    REQUIRE_CLEAN(run({{program("strangers"), "tables"}}));
}

TEST_CASE("two Ashlars live in one process", "[ashlar-only]") {
    const std::string directory = contract::library().substr(0, contract::library().rfind('/') + 1);
    const std::string usual = directory + "libashlar.so";
    const std::string hardened = directory + "libashlar-hardened.so";
    for (const std::string& both : {usual + ":" + hardened, hardened + ":" + usual}) {
        INFO(both);
        REQUIRE_CLEAN(run({{program("four_threads"), "1000000"}, {{"LD_PRELOAD", both}}}));
        REQUIRE_CLEAN(run({{program("owns_its_blocks")}, {{"LD_PRELOAD", both}}}));
    }
}
