// SPDX-License-Identifier: MIT
#include "measure/processes.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <future>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace ashlar; // NOLINT(google-build-using-namespace): the code under test

// Starts a child that waits for a kill.
pid_t start_child() {
    const pid_t child = fork();
    if (child < 0) std::abort(); // assertions belong to the main thread
    while (child == 0) {
        pause();
    }
    return child;
}

void end_child(pid_t child) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
}

bool contains(const std::vector<pid_t>& all, pid_t process) {
    return std::find(all.begin(), all.end(), process) != all.end();
}

TEST_CASE("processes: children of every thread are found") {
    std::promise<pid_t> started;
    std::promise<void> seen;
    std::thread other([&] {
        const pid_t child = start_child();
        started.set_value(child);
        seen.get_future().wait();
        end_child(child);
    });
    const pid_t mine = start_child();
    const pid_t of_other = started.get_future().get();
    const std::vector<pid_t> all = measure::descendants(getpid());
    CHECK_FALSE(contains(all, getpid()));
    CHECK(contains(all, mine));
    CHECK(contains(all, of_other));
    seen.set_value();
    other.join();
    end_child(mine);
}

} // namespace
