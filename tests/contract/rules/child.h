// SPDX-License-Identifier: MIT
// Runs what needs a process of its own, and tells how it ended.
//
// LD_PRELOAD is inherited, so a child runs under the same allocator as the tests. A child that does not end
// within the deadline is killed together with its own children and reported as hung. A hang is a finding, and
// the deadline is far above anything a loaded machine needs.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace contract {

struct Outcome {
    bool hung = false;
    int status = 0; // as waitpid gives it
    std::string output;
    std::string errors;

    // Ended by itself with status 0 and said nothing on stderr.
    bool clean() const;
    bool killed_by(int signal) const;
    std::string describe() const;
};

struct Child {
    std::vector<std::string> command;
    std::vector<std::pair<std::string, std::string>> environment{}; // added to this process's
    std::function<void()> prepare{}; // in the child before exec; only what a signal handler may do
};

// The path of one of the programs or libraries built from programs/.
std::string program(const std::string& name);

Outcome run(const Child& child);

// The same in a forked copy of this process: `body`'s result is the exit status.
Outcome run_here(const std::function<int()>& body);

} // namespace contract

// A child that must have ended well; prints how it ended if it did not.
#define REQUIRE_CLEAN(...)                                                                                   \
    do {                                                                                                     \
        const ::contract::Outcome outcome_of_child = (__VA_ARGS__);                                          \
        INFO(outcome_of_child.describe());                                                                   \
        REQUIRE(outcome_of_child.clean());                                                                   \
    } while (false)
