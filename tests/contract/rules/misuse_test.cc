// SPDX-License-Identifier: MIT
// Pointers to no live block. The library finds them at the latest at malloc_trim or at the end of the thread
// or process. It reports them on stderr and aborts. The first line names the address, the program, the
// process and the thread. The second line says how to find the call.
#include "child.h"
#include "opaque.h"
#include "subject.h"

#include <catch2/catch.hpp>
#include <cstddef>
#include <iterator>
#include <malloc.h>
#include <new>
#include <regex>
#include <signal.h>
#include <sstream>
#include <stdlib.h>
#include <string>

using contract::Outcome;
using contract::program;
using contract::run;

namespace {

constexpr const char* kSizes[] = {"1", "16", "64", "100", "1000", "1024", "5000", "8192", "20000", "32768"};
constexpr const char* kMoments[] = {"trim", "thread", "exit", "main"};

// The program prints the bad address and its process number on stdout before it passes the address to free.
void check_report(const Outcome& outcome) {
    INFO(outcome.describe());
    CHECK(outcome.killed_by(SIGABRT));
    std::string address;
    std::string process;
    std::istringstream(outcome.output) >> address >> process;
    REQUIRE(!process.empty());
    const std::regex report("ashlar: (double free of|invalid pointer) " + address +
                            "[: ].*; program \"[^\"]*misuse\", process " + process +
                            ", thread [0-9]+\nashlar: The (call at )?fault .*\n");
    CHECK(std::regex_match(outcome.errors, report));
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

// Otherwise the next malloc could return the pointer.
TEST_CASE("a misaligned pointer is reported by the call that gets it, whichever it is", "[ashlar-only]") {
    using Call = void (*)(void*);
    constexpr Call kCalls[] = {
        [](void* p) { free(p); },
        [](void* p) { contract::symbol<void(void*)>("cfree")(p); },
        [](void* p) { contract::symbol<void(void*)>("__libc_free")(p); },
        [](void* p) { contract::symbol<void(void*, std::size_t)>("free_sized")(p, 64); },
        [](void* p) {
            contract::symbol<void(void*, std::size_t, std::size_t)>("free_aligned_sized")(p, 64, 64);
        },
        [](void* p) { free(realloc(p, 100)); },
        [](void* p) { free(reallocarray(p, 10, 10)); },
        [](void* p) { static_cast<void>(malloc_usable_size(p)); },
        [](void* p) { ::operator delete(p); },
        [](void* p) { ::operator delete[](p); },
        [](void* p) { ::operator delete (p, std::size_t{64}); },
        [](void* p) { ::operator delete (p, std::align_val_t{64}); },
    };
    for (const std::size_t size : {64, 5000, 100'000})
        for (const std::ptrdiff_t distance : {1, 8, 15})
            for (std::size_t i = 0; i < std::size(kCalls); ++i) {
                INFO("call " << i << ", size " << size << ", distance " << distance);
                const Outcome outcome = contract::run_here([&] {
                    kCalls[i](contract::opaque(static_cast<char*>(malloc(size)) + distance));
                    return 42;
                });
                INFO(outcome.describe());
                CHECK(outcome.killed_by(SIGABRT));
                CHECK(outcome.errors.find("(misaligned): " + std::to_string(distance) + " byte") !=
                      std::string::npos);
            }
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

TEST_CASE("a large block is freed by two threads at one time", "[ashlar-only]") {
    for (const char* const size : {"40000", "100000", "4000000"})
        for (unsigned round = 0; round < 20; ++round)
            check_report(run({{program("misuse"), "double_by_two_at_once", "call", size}}));
}

TEST_CASE("a small block is freed by two threads at one time", "[ashlar-only]") {
    for (const char* const moment : {"trim", "exit", "main"})
        for (const char* const size : kSizes)
            check_report(run({{program("misuse"), "double_by_two_at_once", moment, size}}));
}

TEST_CASE("a large block that was freed or moved is no block to any call", "[ashlar-only]") {
    for (const char* const misuse :
         {"double", "realloc_freed", "realloc_moved", "free_moved", "usable_size_freed"})
        for (const char* const size : {"40000", "1000000", "5000000"}) {
            INFO(misuse << ", size " << size);
            const Outcome outcome = run({{program("misuse"), misuse, "call", size}});
            check_report(outcome);
            CHECK(outcome.errors.find("double free of") != std::string::npos);
            CHECK(outcome.errors.find("The call at fault is this one") != std::string::npos);
        }
}

// Covers programs, libraries, stacks, the C library's memory, and the allocator's own tables.
TEST_CASE("an address of any mapping that holds no blocks is freed", "[ashlar-only]") {
    unsigned count = 0;
    for (;; ++count) {
        const Outcome outcome = run({{program("misuse"), "mapping", "call", std::to_string(count)}});
        if (outcome.clean() && outcome.output.empty()) break;
        INFO("mapping " << count);
        check_report(outcome);
    }
    CHECK(count > 10);
}

TEST_CASE("a report is not lost to a cancellation or to a reader that has gone", "[ashlar-only]") {
    check_report(run({{program("misuse"), "double", "cancelled", "100000"}}));
    for (const char* const size : {"64", "100000"}) {
        const Outcome unheard = run({{program("misuse"), "double", "unheard", size}});
        INFO(unheard.describe());
        CHECK(unheard.killed_by(SIGABRT));
    }
}

TEST_CASE("a report that is found late says how to find the call", "[ashlar-only][not-hardened]") {
    const Outcome outcome = run({{program("misuse"), "double", "trim", "64"}});
    INFO(outcome.describe());
    CHECK(outcome.errors.find("To stop in it: ashlar run --hardened -- COMMAND\n") != std::string::npos);
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
