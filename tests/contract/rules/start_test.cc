// SPDX-License-Identifier: MIT
// Calls before the library is initialised. Each case is a program of its own, because a process starts only
// once.
#include "child.h"
#include "subject.h"

#include <catch2/catch.hpp>
#include <cstdlib>

using contract::Child;
using contract::program;
using contract::run;

namespace {

// Returns LD_PRELOAD with a test library before or behind the allocator.
std::string preload_with(const std::string& library, bool first) {
    const char* const now = std::getenv("LD_PRELOAD");
    const std::string allocator = now == nullptr ? "" : now;
    if (allocator.empty()) return library;
    return first ? library + ":" + allocator : allocator + ":" + library;
}

Child preloading(const std::string& name, const std::string& library, bool first) {
    return Child{{program(name)}, {{"LD_PRELOAD", preload_with(program(library), first)}}};
}

} // namespace

TEST_CASE("the first call comes from .preinit_array") {
    REQUIRE_CLEAN(run({{program("preinit")}}));
}

TEST_CASE("the first call comes from an IFUNC resolver") {
    REQUIRE_CLEAN(run({{program("ifunc")}}));
}

TEST_CASE("a preloaded library's constructor allocates, loaded before the allocator") {
    REQUIRE_CLEAN(run(preloading("early_library_user", "libearly_library.so", true)));
}

TEST_CASE("a preloaded library's constructor allocates, loaded behind the allocator") {
    REQUIRE_CLEAN(run(preloading("early_library_user", "libearly_library.so", false)));
}

TEST_CASE("a preloaded library's IFUNC resolver allocates, loaded before the allocator") {
    REQUIRE_CLEAN(run(preloading("ifunc_library_user", "libifunc_library.so", true)));
}

TEST_CASE("a preloaded library's IFUNC resolver allocates, loaded behind the allocator") {
    REQUIRE_CLEAN(run(preloading("ifunc_library_user", "libifunc_library.so", false)));
}

TEST_CASE("dlsym and dlerror allocate while they are first used") {
    REQUIRE_CLEAN(run({{program("dlsym_first")}}));
}

TEST_CASE("a program with a malloc of its own gets none of our pointers") {
    REQUIRE_CLEAN(run({{program("own_malloc")}}));
}

TEST_CASE("names that a program's own malloc lacks use its functions", "[ashlar-only]") {
    REQUIRE_CLEAN(run({{program("own_malloc_names")}}));
}

TEST_CASE("a library in front of the allocator wraps system calls and allocates", "[ashlar-only]") {
    const contract::Outcome outcome = run(preloading("behind_wrappers", "libwrapped_calls.so", true));
    INFO(outcome.describe());
    CHECK(outcome.status == 0); // statistics go to stderr
}

TEST_CASE("a library in front of the allocator wraps dlsym", "[ashlar-only]") {
    const contract::Outcome outcome = run(preloading("behind_wrappers", "libwrapped_dlsym.so", true));
    INFO(outcome.describe());
    CHECK(outcome.status == 0);
}

TEST_CASE("a set-user-ID program ignores the environment's configuration", "[ashlar-only]") {
    const contract::Outcome plain = run({{program("print_configuration")}, {{"ASHLAR_CONF", "print:true"}}});
    INFO(plain.describe());
    REQUIRE(plain.status == 0);
    REQUIRE_FALSE(plain.errors.empty()); // print:true prints where the environment is trusted

    const contract::Outcome secure = run({{program("print_configuration"), "secure", contract::library()}});
    INFO(secure.describe());
    if (secure.status == 77 << 8) {
        WARN("not tried: only root can make a set-user-ID program of another user");
        return;
    }
    CHECK(secure.clean());
}
