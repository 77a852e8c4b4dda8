// SPDX-License-Identifier: MIT
#include "os/process.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdint>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace ashlar; // NOLINT(google-build-using-namespace): the layer under test

TEST_CASE("process: the numbers are the kernel's") {
    CHECK(os::process_id() == static_cast<std::uint64_t>(::getpid()));
    const auto mine = os::thread_id();
    CHECK(mine == static_cast<std::uint64_t>(::syscall(SYS_gettid)));
    std::uint64_t other = 0;
    std::thread([&other] { other = os::thread_id(); }).join();
    CHECK(other != mine);
}

TEST_CASE("process: the name is what the program was started as") {
    CHECK(os::program_name() == program_invocation_name);
    const char* const here = "";
    CHECK(static_cast<const void*>(&here) < os::start_of_stack());
}

} // namespace
