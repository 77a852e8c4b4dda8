// SPDX-License-Identifier: MIT
#include "../support/build_kind.h"
#include "../support/child.h"
#include "../support/nodes.h"
#include "os/config.h"
#include "os/topology.h"

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

// Makes the kernel refuse this system call with EPERM. Returns false if filters are unavailable.
bool forbid(unsigned system_call) {
    std::array<sock_filter, 4> program{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, system_call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    const sock_fprog filter{program.size(), program.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST_CASE("topology: counts the processors of the affinity mask and keeps errno") {
    cpu_set_t mask;
    REQUIRE(::sched_getaffinity(0, sizeof(mask), &mask) == 0);
    errno = EDOM;
    CHECK(ashlar::os::processors() == static_cast<unsigned>(CPU_COUNT(&mask)));
    CHECK(errno == EDOM);
}

TEST_CASE("topology: a process bound to one processor has one") {
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        cpu_set_t mask;
        CPU_ZERO(&mask);
        CPU_SET(static_cast<unsigned>(::sched_getcpu()), &mask);
        REQUIRE(::sched_setaffinity(0, sizeof(mask), &mask) == 0);
        REQUIRE(ashlar::os::processors() == 1);
    }));
}

TEST_CASE("topology: one processor if the kernel will not say") {
    const unit::Outcome outcome = unit::run_here([] {
        if (!forbid(SYS_sched_getaffinity)) ::_exit(77);
        errno = EDOM;
        REQUIRE(ashlar::os::processors() == 1);
        REQUIRE(errno == EDOM);
    });
    UNIT_SKIP_IF(outcome.exited(77), "this kernel filters no system calls");
    UNIT_REQUIRE_PASSED(outcome);
}

TEST_CASE("topology: lists of nodes") {
    struct Good {
        std::string_view text;
        unsigned count;
        unsigned end;
    };
    for (const Good& good : {Good{"0", 1, 1}, Good{"0\n", 1, 1}, Good{"0-3\n", 4, 4}, Good{"0,2-3\n", 3, 4},
                             Good{"0-1,3-4,6\n", 5, 7}, Good{"1", 1, 2}, Good{"0,8", 2, 9},
                             Good{"0-1023", 1024, 1024}, Good{"5-5", 1, 6}}) {
        CAPTURE(good.text);
        const ashlar::os::NodeList found = ashlar::os::parse_nodes(good.text);
        CHECK(found.count == good.count);
        CHECK(found.end == good.end);
    }
    for (const std::string_view bad : {"",       "\n",
                                       "-",      "0-",
                                       "-3",     ",",
                                       "0,",     ",0",
                                       "0--1",   "3-0",
                                       "1,0",    "0-2,2",
                                       "0-1-2",  "0 1",
                                       " 0",     "0x3",
                                       "a",      "0-3a",
                                       "0\n\n",  "99999999999999999999",
                                       "0-4096", "0-18446744073709551616",
                                       "0;1"}) {
        CAPTURE(bad);
        const ashlar::os::NodeList found = ashlar::os::parse_nodes(bad);
        CHECK(found.count == 1);
        CHECK(found.end == 1);
    }
}

using ashlar::os::current_node;
using ashlar::os::topology;

// Calls `check` with the node that a process sees after a move from node 0 to 3. `list` has the nodes.
template <typename Check>
void on_machine(const char* list, Check check) {
    UNIT_REQUIRE_PASSED(unit::run_here([&] {
        std::array<char, 32> name{"/tmp/ashlar-nodes-XXXXXX"};
        const int file = ::mkstemp(name.data());
        REQUIRE(file >= 0);
        REQUIRE(::write(file, list, std::strlen(list)) == static_cast<ssize_t>(std::strlen(list)));
        topology.list = name.data();
        topology.nodes = 0;
        topology.node_here = [] { return unit::node_here; };
        errno = EDOM;
        const ashlar::os::Node first = current_node();
        const bool asked = topology.nodes != 0;
        unit::node_here = 3;
        const ashlar::os::Node then = current_node();
        const int error = errno;
        ::close(file);
        ::unlink(name.data());
        REQUIRE(error == EDOM);
        REQUIRE(first == 0);
        REQUIRE_FALSE(asked);
        check(then);
    }));
}

TEST_CASE("topology: the nodes are counted when a thread is not on the first") {
    on_machine("0-3\n", [](unsigned node) {
        REQUIRE(node == 3);
        REQUIRE(ashlar::os::nodes() == 4);
        unit::node_here = 0;
        REQUIRE(current_node() == 0);
        unit::node_here = 9; // added since the count
        REQUIRE(current_node() == 1);
    });
    on_machine("0-11\n", [](unsigned node) {
        REQUIRE(node == 3);
        REQUIRE(ashlar::os::nodes() == ashlar::os::kMaxNodes);
    });
    for (const char* one : {"0\n", "3\n", "", "nonsense"}) {
        on_machine(one, [](unsigned node) {
            REQUIRE(node == 0);
            REQUIRE(ashlar::os::nodes() == 1);
        });
    }
}

TEST_CASE("topology: one node if there is no list") {
    UNIT_REQUIRE_PASSED(unit::run_here([&] {
        topology.list = "/nowhere/at/all";
        topology.nodes = 0;
        topology.node_here = [] { return 5U; };
        errno = EDOM;
        REQUIRE(current_node() == 0);
        REQUIRE(errno == EDOM);
        REQUIRE(ashlar::os::nodes() == 1);
    }));
}

TEST_CASE("topology: memory cannot be bound to nodes with other numbers than ours") {
    for (const bool fits : {true, false}) {
        UNIT_REQUIRE_PASSED(unit::run_here([&] {
            ashlar::os::settings.numa = static_cast<std::size_t>(ashlar::os::Numa::kBind);
            on_machine(fits ? "0-7\n" : "0,8\n", [&](unsigned) {
                REQUIRE(ashlar::os::settings.numa_now() ==
                        (fits ? ashlar::os::Numa::kBind : ashlar::os::Numa::kLocal));
            });
        }));
    }
}

TEST_CASE("topology: switched off, every thread is on node 0") {
    UNIT_REQUIRE_PASSED(unit::run_here([&] {
        const unit::Nodes machine(4);
        unit::node_here = 2;
        REQUIRE(current_node() == 2);
        ashlar::os::settings.numa = static_cast<std::size_t>(ashlar::os::Numa::kOff);
        REQUIRE(current_node() == 0);
    }));
}

} // namespace
