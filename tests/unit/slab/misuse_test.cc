// SPDX-License-Identifier: MIT
//
// Reports of misuse. The child prints the expected facts on stdout before its report.
#include "../support/child.h"
#include "../support/unused_page.h"
#include "layout/superslab.h"
#include "os/process.h"
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
    std::string process;
    std::string thread;
    std::string errors;
};

std::string hex(const void* address) {
    std::ostringstream text;
    text << address;
    return text.str();
}

// Runs a child that reports a fault at `offset` in a slab of kClass. Returns the child's facts and stderr.
Told reported(Fault fault, std::size_t offset, Found found = Found::kInTheCall, bool in_thread = false) {
    const unit::Outcome outcome = unit::run_here([=] {
        const layout::Slice page = layout::superslabs.take_for_slab(layout::kShapes[kClass].slices, 0).first;
        window.set_headers(page, layout::kShapes[kClass].slices, {kClass, 3});
        const auto tell_and_report = [&] {
            char* const slab = window.address_of(page);
            std::cout << hex(slab + offset) << ' ' << hex(slab) << ' ' << os::process_id() << ' '
                      << os::thread_id() << std::endl;
            report(fault, slab + offset, found);
        };
        if (in_thread) {
            std::thread(tell_and_report).join();
        } else {
            tell_and_report();
        }
    });
    INFO(outcome.describe());
    REQUIRE(outcome.killed_by(SIGABRT));
    REQUIRE(std::count(outcome.errors.begin(), outcome.errors.end(), '\n') == 2);
    REQUIRE(outcome.errors.back() == '\n');
    Told told;
    std::istringstream(outcome.output) >> told.address >> told.slab >> told.process >> told.thread;
    told.errors = outcome.errors;
    return told;
}

// The report names the program that the process was started with.
std::string signature_of(const Told& told) {
    return "; program \"" + std::string(os::program_name()) + "\", process " + told.process + ", thread " +
           told.thread + "\n";
}

TEST_CASE("misuse: a report says what, where, who, and how to find the call") {
    const Told told = reported(Fault::kDoubleFree, 3 * kSize);
    CHECK(told.errors == "ashlar: double free of " + told.address + ": a block of the 160-byte size class" +
                             signature_of(told) +
                             "ashlar: The call at fault is this one: a debugger or a core dump shows it.\n");
    const Told later = reported(Fault::kDoubleFree, 3 * kSize, Found::kLater);
    CHECK_THAT(later.errors, Contains("\nashlar: The call at fault may have been an earlier one."));
    CHECK_THAT(later.errors, !Contains("--hardened")); // which a library that is linked in does not have
    advise_hardened();
    CHECK_THAT(reported(Fault::kDoubleFree, 3 * kSize, Found::kLater).errors,
               Contains("ashlar run --hardened -- COMMAND\n"));
}

TEST_CASE("misuse: an interior pointer is reported with its block") {
    const Told told = reported(Fault::kInterior, 3 * kSize + 32);
    CHECK_THAT(told.errors, Contains("invalid pointer " + told.address + ": 32 bytes into the block at "));
    CHECK_THAT(told.errors, Contains("160-byte size class"));
}

TEST_CASE("misuse: a misaligned pointer is called so, whatever it is besides") {
    const Told told = reported(Fault::kInterior, 3 * kSize + 1);
    CHECK_THAT(told.errors,
               Contains("invalid pointer " + told.address + " (misaligned): 1 byte into the block at "));
    CHECK_THAT(reported(Fault::kDoubleFree, 5).errors, Contains("(misaligned): 5 bytes into the block at "));
    CHECK_THAT(reported(Fault::kNoBlock, kSize + 8).errors,
               Contains("(misaligned): 8 bytes into the block at "));
}

TEST_CASE("misuse: a block that was never allocated is reported as such") {
    const Told told = reported(Fault::kNeverAllocated, 5 * kSize);
    CHECK_THAT(told.errors, Contains("that was never handed out") && Contains(told.address));
}

TEST_CASE("misuse: an address behind the last block is reported as such") {
    const std::size_t behind = layout::kShapes[kClass].blocks * kSize;
    REQUIRE(behind < layout::kSliceSize);
    const Told told = reported(Fault::kNoBlock, behind);
    CHECK_THAT(told.errors, Contains("invalid pointer") && Contains(told.address));
    CHECK_THAT(told.errors, Contains("behind the last block of a slab"));
}

TEST_CASE("misuse: the thread is the one that did it") {
    const Told told = reported(Fault::kDoubleFree, 0, Found::kInTheCall, true);
    CHECK(told.thread != told.process);
    CHECK_THAT(told.errors, Contains(signature_of(told)));
}

TEST_CASE("misuse: a page of the heap without blocks") {
    char* const nowhere = unit::unused_page() + 64;
    const unit::Outcome outcome =
        unit::run_here([nowhere] { report(Fault::kNoBlock, nowhere, Found::kInTheCall); });
    UNIT_REQUIRE_ABORTED("invalid pointer", outcome);
    CHECK_THAT(outcome.errors, Contains("no block lies there now"));
    CHECK_THAT(outcome.errors, Contains(hex(nowhere)));
}

} // namespace
