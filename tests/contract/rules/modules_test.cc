// SPDX-License-Identifier: MIT
// Libraries that are opened and closed: dlopen, dlclose, thread-local storage of modules, and the allocator
// as a module.
#include "child.h"
#include "subject.h"

#include <catch2/catch.hpp>

using contract::program;
using contract::run;

TEST_CASE("a library's constructor starts and joins a thread that allocates and trims") {
    // dlopen holds the loader's lock meanwhile. An allocator that needs this lock for a thread's first call
    // hangs here.
    REQUIRE_CLEAN(run({{program("open_library"), program("libthread_starter.so")}}));
}

TEST_CASE("a constructor's threads free and end with key destructors") {
    REQUIRE_CLEAN(run({{program("open_library"), program("libkey_user.so")}}));
}

TEST_CASE("thread-local storage of opened libraries lives and dies with many threads") {
    REQUIRE_CLEAN(run({{program("module_tls"), program("libbig_tls.so")}}));
}

TEST_CASE("blocks outlive the module that allocated them") {
    REQUIRE_CLEAN(run({{program("module_blocks"), program("libblock_maker.so")}}));
}

TEST_CASE("blocks of code bound to the C library's malloc are taken by free and realloc") {
    REQUIRE_CLEAN(run({{program("deep_bound"), program("libblock_maker.so")}}));
}

TEST_CASE("the allocator can be opened and closed at run time, and its blocks stay", "[ashlar-only]") {
    REQUIRE_CLEAN(run({{program("open_allocator"), contract::library()}, {{"LD_PRELOAD", ""}}}));
}

TEST_CASE("two threads make the first call to the opened allocator", "[ashlar-only]") {
    for (int i = 0; i < 50; ++i) // one run in four crashed
        REQUIRE_CLEAN(run({{program("open_in_threads"), contract::library()}, {{"LD_PRELOAD", ""}}}));
}
