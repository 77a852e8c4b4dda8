// SPDX-License-Identifier: MIT
#include "diagnose/preload_list.h"

#include <catch2/catch.hpp>
#include <stdexcept>

using namespace ashlar::diagnose;

TEST_CASE("preload list: blanks and colons separate") {
    CHECK(preload_entries("").empty());
    CHECK(preload_entries(" : ").empty());
    CHECK(preload_entries("a") == std::vector<std::string>{"a"});
    CHECK(preload_entries(":a b::c ") == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("preload list: ours is the first, once, and the others keep their order") {
    CHECK(preload_with("/x/libashlar.so", "") == "/x/libashlar.so");
    CHECK(preload_with("/x/libashlar.so", "b.so a.so") == "/x/libashlar.so:b.so:a.so");
    CHECK(preload_with("/x/libashlar.so", "a.so:/x/libashlar.so") == "/x/libashlar.so:a.so");
}

TEST_CASE("preload list: a file under another name is the same file") {
    CHECK(preload_with("/proc/self/exe", "/proc/thread-self/exe") == "/proc/self/exe");
}

TEST_CASE("preload list: runtimes of sanitizers stay in front") {
    CHECK(preload_with("/x/libashlar.so", "/usr/lib/libasan.so.8:a.so") ==
          "/usr/lib/libasan.so.8:/x/libashlar.so:a.so");
    CHECK(is_sanitizer("libclang_rt.asan-x86_64.so"));
    CHECK_FALSE(is_sanitizer("/libasan/liba.so"));
}

TEST_CASE("preload list: a path that has no way to be said") {
    CHECK_THROWS_AS(preload_with("/x y/libashlar.so", ""), std::invalid_argument);
    CHECK_THROWS_AS(preload_with("/x:y/libashlar.so", ""), std::invalid_argument);
}
