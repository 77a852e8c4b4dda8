// SPDX-License-Identifier: MIT
// Runs a test body in a process of its own, and returns how that process ended.
//
// LD_PRELOAD is inherited, so a child runs under the same allocator as the tests. A child that exceeds the
// deadline is killed together with its own children and reported as hung. A hang is a finding; the deadline
// is far above what a loaded machine needs.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace contract {

struct Outcome {
    bool hung = false;
    int status = 0; // from waitpid
    std::string output;
    std::string errors;

    // Returns whether the child ended by itself with status 0 and wrote nothing to stderr.
    bool clean() const;
    bool killed_by(int signal) const;
    std::string describe() const;
};

struct Child {
    std::vector<std::string> command;
    std::vector<std::pair<std::string, std::string>> environment{}; // additions to this process's environment
    std::function<void()> prepare{}; // runs in the child before exec; may do only what a signal handler may
};

// Returns the path of a program or library built from programs/.
std::string program(const std::string& name);

Outcome run(const Child& child);

// Runs `body` in a forked copy of this process; its result is the exit status.
Outcome run_here(const std::function<int()>& body);

} // namespace contract

// Requires that the child ended cleanly; otherwise prints how it ended.
#define REQUIRE_CLEAN(...)                                                                                   \
    do {                                                                                                     \
        const ::contract::Outcome outcome_of_child = (__VA_ARGS__);                                          \
        INFO(outcome_of_child.describe());                                                                   \
        REQUIRE(outcome_of_child.clean());                                                                   \
    } while (false)
