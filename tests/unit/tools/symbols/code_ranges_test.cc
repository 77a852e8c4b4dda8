// SPDX-License-Identifier: MIT
#include "symbols/code_ranges.h"
#include "traced.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <dlfcn.h>
#include <filesystem>

using namespace ashlar::symbols;

namespace {

// Returns the file address of a call in traced::outer().
std::uint64_t place_of_call() {
    Dl_info about{};
    const void* const address = traced::outer();
    REQUIRE(dladdr(address, &about) != 0);
    return reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(about.dli_fbase) - 1;
}

bool holds(const std::vector<CodeRange>& ranges, std::uint64_t address) {
    return std::any_of(ranges.begin(), ranges.end(),
                       [&](const CodeRange& range) { return range.begin <= address && address < range.end; });
}

std::string this_program() {
    return std::filesystem::read_symlink("/proc/self/exe");
}

TEST_CASE("code ranges: a function by its name in whatever length") {
    const std::uint64_t call = place_of_call();
    for (const char* const name : {"traced::outer", "outer", "traced::outer()", "_ZN6traced5outerEv"}) {
        CAPTURE(name);
        CHECK(holds(ranges_of_function(this_program(), name), call));
    }
    for (const char* const name : {"uter", "traced", "other::outer", ""}) {
        CAPTURE(name);
        CHECK_FALSE(holds(ranges_of_function(this_program(), name), call));
    }
}

TEST_CASE("code ranges: a function that was inlined") {
    const std::uint64_t call = place_of_call();
    CHECK(holds(ranges_of_function(this_program(), "inner"), call));
    CHECK(holds(ranges_of_function(this_program(), "(anonymous namespace)::inner"), call));
}

TEST_CASE("code ranges: a line with what was inlined into it") {
    const std::uint64_t call = place_of_call();
    for (const unsigned line : {traced::kLineOfCall, traced::kLineOfInlinedCall}) {
        CAPTURE(line);
        CHECK(holds(ranges_of_line(this_program(), "traced.cc", line), call));
        CHECK(holds(ranges_of_line(this_program(), "symbols/traced.cc", line), call));
    }
    CHECK_FALSE(holds(ranges_of_line(this_program(), "traced.cc", traced::kLineOfInlinedCall + 1), call));
    CHECK(ranges_of_line(this_program(), "raced.cc", traced::kLineOfCall).empty());
}

TEST_CASE("code ranges: of what is no program there are none") {
    CHECK(ranges_of_function("/nowhere/at/all", "main").empty());
    CHECK(ranges_of_line("/etc/passwd", "main.cc", 1).empty());
}

} // namespace
