// SPDX-License-Identifier: MIT
//
// What a person gets to read. The child tells the expected facts on stdout before it reports.
#include "../support/child.h"
#include "layout/superslab.h"
#include "os/message.h"
#include "slab/misuse.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <sstream>
#include <string>
#include <thread>
#include <unistd.h>

namespace {

using namespace ashlar;       // NOLINT(google-build-using-namespace): the layer under test
using namespace ashlar::slab; // NOLINT(google-build-using-namespace): the layer under test

using Catch::Matchers::Contains;
using layout::SizeClass;
using layout::window;

constexpr SizeClass kClass = 10; // 160 bytes
const std::size_t kSize = layout::class_size(kClass);

struct Told {
    std::string address;
    std::string slab;
    std::string thread;
    std::string errors;
};

std::string hex(const void* address) {
    std::ostringstream text;
    text << address;
    return text.str();
}

// A child that reports a fault at `offset` in a page of the class, and the line that it ended with.
Told reported(Fault fault, std::size_t offset, bool in_thread = false) {
    const unit::Outcome outcome = unit::run_here([=] {
        const layout::Page page = layout::superslabs.take_for_slab(layout::kShapes[kClass].pages, 0).first;
        window.set_headers(page, layout::kShapes[kClass].pages, {kClass, 3});
        const auto tell_and_report = [&] {
            char* const slab = window.address_of(page);
            std::cout << hex(slab + offset) << ' ' << hex(slab) << ' ' << os::thread_id() << std::endl;
            report(fault, slab + offset);
        };
        if (in_thread) {
            std::thread(tell_and_report).join();
        } else {
            tell_and_report();
        }
    });
    INFO(outcome.describe());
    REQUIRE(outcome.killed_by(SIGABRT));
    REQUIRE(std::count(outcome.errors.begin(), outcome.errors.end(), '\n') == 1);
    REQUIRE(outcome.errors.back() == '\n');
    Told told;
    std::istringstream(outcome.output) >> told.address >> told.slab >> told.thread;
    told.errors = outcome.errors;
    return told;
}

TEST_CASE("misuse: a double free is reported with address, class, slab and thread") {
    const Told told = reported(Fault::kDoubleFree, 3 * kSize);
    CHECK(told.errors == "ashlar: double free of " + told.address + ": 160-byte class, slab " + told.slab +
                             ", thread " + told.thread + "\n");
}

TEST_CASE("misuse: an interior pointer is reported with its block") {
    const Told told = reported(Fault::kInterior, 3 * kSize + 24);
    CHECK_THAT(told.errors, Contains("invalid pointer") && Contains(told.address) && Contains(told.slab));
    CHECK_THAT(told.errors, Contains("24 bytes into the block at "));
    CHECK_THAT(told.errors, Contains("160-byte class"));
}

TEST_CASE("misuse: a block that was never allocated is reported as such") {
    const Told told = reported(Fault::kNeverAllocated, 5 * kSize);
    CHECK_THAT(told.errors, Contains("never allocated") && Contains(told.address) && Contains(told.slab));
}

TEST_CASE("misuse: an address behind the last block is reported as such") {
    const std::size_t behind = layout::kShapes[kClass].blocks * kSize;
    REQUIRE(behind < layout::kPageSize);
    const Told told = reported(Fault::kNoBlock, behind);
    CHECK_THAT(told.errors, Contains("invalid pointer") && Contains(told.address));
    CHECK_THAT(told.errors, Contains("behind its last block"));
}

TEST_CASE("misuse: the thread is the one that did it") {
    const Told told = reported(Fault::kDoubleFree, 0, true);
    CHECK_THAT(told.errors, Contains("thread " + told.thread + "\n"));
}

TEST_CASE("misuse: a page of the heap without blocks") {
    const unit::Outcome outcome = unit::run_here([] { report(Fault::kNoBlock, window.address_of(0) + 64); });
    UNIT_REQUIRE_ABORTED("invalid pointer", outcome);
    CHECK_THAT(outcome.errors, Contains("a page of the heap that holds no blocks"));
    CHECK_THAT(outcome.errors, Contains(hex(window.address_of(0) + 64)));
}

TEST_CASE("misuse: an address outside of the window") {
    const int foreign = 0;
    const unit::Outcome outcome = unit::run_here([&] { report(Fault::kNoBlock, &foreign); });
    UNIT_REQUIRE_ABORTED("invalid pointer", outcome);
    CHECK_THAT(outcome.errors, Contains(hex(&foreign)));
}

} // namespace
