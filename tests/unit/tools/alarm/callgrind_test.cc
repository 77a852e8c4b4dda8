// SPDX-License-Identifier: MIT
#include "alarm/callgrind.h"
#include "alarm/counts.h"

#include <catch2/catch.hpp>
#include <sstream>

using namespace ashlar::alarm;

namespace {

bool is_ours(const std::string& object) {
    return object.ends_with("/libashlar.so");
}

} // namespace

TEST_CASE("callgrind: own instructions of functions in the wanted objects") {
    std::istringstream text(R"(# callgrind format
version: 1
positions: line
events: Ir
ob=(1) /lib/libc.so
fl=(1) memcpy.c
fn=(1) memcpy
1 500
ob=(2) /x/libashlar.so
fl=(2) malloc.cc
fn=(2) malloc
10 7
+1 3
cob=(1)
cfi=(1)
cfn=(1)
calls=2 1
* 1000
-1 2
fn=(3) free
30 4
ob=(1)
fl=(1)
fn=(1)
1 100
ob=(2)
fn=(2)
10 1
totals: 617
)");
    const Instructions counted = read_callgrind(text, is_ours);
    CHECK(counted == Instructions{{"free", 4}, {"malloc", 13}});
    CHECK(sum(counted) == 17);
}

TEST_CASE("callgrind: another text is refused") {
    std::istringstream text("valgrind: no such tool\n");
    CHECK_THROWS_WITH(read_callgrind(text, is_ours), Catch::Contains("no counts"));
}

TEST_CASE("strace: calls by name, with and without errors") {
    std::istringstream text(R"(% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 40.00    0.000020           4         5           mmap
 30.00    0.000015           3         4         2 openat
  0.00    0.000000           0         1         1 access
------ ----------- ----------- --------- --------- ----------------
100.00    0.000035           3        10         3 total
)");
    CHECK(read_strace(text) == SystemCalls{{"access", 1}, {"mmap", 5}, {"openat", 4}});
}

TEST_CASE("strace: another text has no calls") {
    std::istringstream text(
        "strace: test_ptrace_get_syscall_info: PTRACE_TRACEME: Operation not permitted\n");
    CHECK(read_strace(text).empty());
}
