// SPDX-License-Identifier: MIT
#include "../support/child.h"
#include "os/signal.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <cstddef>
#include <pthread.h>

namespace {

volatile std::sig_atomic_t seen = 0;

void note(int number) {
    seen = number;
}

UNIT_TEST_CASE_IN_CHILD("signal: is handled, more than once", unit::kNoHeap) {
    REQUIRE(ashlar::os::handle_signal(SIGUSR1, note));
    for (int i = 0; i < 2; ++i) {
        seen = 0;
        REQUIRE(::raise(SIGUSR1) == 0);
        REQUIRE(seen == SIGUSR1);
    }
    sigset_t blocked;
    REQUIRE(::pthread_sigmask(SIG_SETMASK, nullptr, &blocked) == 0);
    REQUIRE(::sigismember(&blocked, SIGUSR1) == 0);
}

alignas(64) char alternate[64 << 10];
volatile bool on_alternate = false;

UNIT_TEST_CASE_IN_CHILD("signal: the handler runs on the alternate stack, if there is one", unit::kNoHeap) {
    const stack_t stack{.ss_sp = alternate, .ss_flags = 0, .ss_size = sizeof(alternate)};
    REQUIRE(::sigaltstack(&stack, nullptr) == 0);
    REQUIRE(ashlar::os::handle_signal(SIGUSR1, [](int) {
        stack_t now{};
        ::sigaltstack(nullptr, &now);
        on_alternate = (now.ss_flags & SS_ONSTACK) != 0;
    }));
    REQUIRE(::raise(SIGUSR1) == 0);
    REQUIRE(on_alternate);
}

TEST_CASE("signal: some cannot be handled") {
    for (const std::size_t number : {0, SIGKILL, SIGSTOP, 32, 33, 65, 1'000'000}) {
        CAPTURE(number);
        CHECK_FALSE(ashlar::os::handle_signal(number, note));
    }
}

} // namespace
