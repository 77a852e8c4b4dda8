// SPDX-License-Identifier: MIT
#include "../support/build_kind.h"
#include "../support/child.h"
#include "os/topology.h"

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

namespace {

// From now on the kernel answers this system call with EPERM. False if that is not to be had.
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

} // namespace
