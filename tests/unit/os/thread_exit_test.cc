// SPDX-License-Identifier: MIT
//
// All tests are children: the process has a single exit function, and Ashlar has set it already.
#include "../support/child.h"
#include "os/thread_exit.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <pthread.h>
#include <thread>

namespace {

using ashlar::os::call_at_thread_exit;
using ashlar::os::prepare_thread_exit;

std::atomic<unsigned> calls = 0;
std::atomic<unsigned> order = 0;         // of events at a thread's end
std::atomic<unsigned> function_came = 0; // place in that order
std::atomic<unsigned> destructor_came = 0;
thread_local bool armed = false;
std::atomic<bool> called_in_its_thread = false;

void at_exit() {
    ++calls;
    function_came = ++order;
    called_in_its_thread = armed;
}

struct Destructor {
    ~Destructor() { destructor_came = ++order; }
    void touch() {}
};

void run_thread(bool use_destructor) {
    std::thread([use_destructor] {
        armed = true;
        thread_local Destructor destructor;
        if (use_destructor) destructor.touch();
        if (!call_at_thread_exit()) ::_exit(2);
        if (calls != 0) ::_exit(3);
    }).join();
}

TEST_CASE("thread exit: the function runs once, in the thread that ends") {
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        prepare_thread_exit(at_exit);
        std::thread([] { armed = true; }).join();
        REQUIRE(calls == 0); // that thread did not register
        std::thread([] {
            armed = true;
            errno = EDOM;
            if (!call_at_thread_exit() || !call_at_thread_exit() || errno != EDOM) ::_exit(2);
        }).join();
        REQUIRE(calls == 1);
        REQUIRE(called_in_its_thread);
    }));
}

TEST_CASE("thread exit: runs after thread-local destructors of C++") {
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        prepare_thread_exit(at_exit);
        run_thread(true);
        REQUIRE(calls == 1);
        REQUIRE(destructor_came != 0);
        REQUIRE(destructor_came < function_came);
    }));
}

TEST_CASE("thread exit: works when the process has no key left") {
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        pthread_key_t key = 0;
        while (::pthread_key_create(&key, nullptr) == 0) {
        }
        prepare_thread_exit(at_exit);
        run_thread(false);
        REQUIRE(calls == 1);
        REQUIRE(called_in_its_thread);
    }));
}

} // namespace
