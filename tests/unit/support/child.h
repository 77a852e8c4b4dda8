// SPDX-License-Identifier: MIT
//
// Tests in separate processes. Such tests change the state of the whole process, end the process, or may
// hang. Others need a process without allocations, or a configuration of their own.
//
//   UNIT_TEST_CASE_IN_CHILD(name, configuration) { … }   a test case in a fresh process that starts with
//                                                       ASHLAR_CONF=configuration
//   run_here([] { … })                                  a part of a test in a forked copy of this process
//
// REQUIRE works in both, CHECK in neither: only a failure that ends the child is noticed. A child that
// exceeds the deadline is killed and counts as hung. A loaded machine stays far below the deadline.
#pragma once

#include "common/emulator.h"

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <poll.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace unit {

// Runs with the layer under test only: the heap is disabled and no window is reserved.
inline constexpr const char* kNoHeap = "enabled:false";
inline constexpr const char* kDefaultHeap = "";

struct Outcome {
    bool hung = false;
    int status = 0; // as from waitpid
    std::string output;
    std::string errors;

    bool exited(int code) const { return !hung && WIFEXITED(status) && WEXITSTATUS(status) == code; }
    bool killed_by(int signal) const { return !hung && WIFSIGNALED(status) && WTERMSIG(status) == signal; }
    // Returns the line in which the child reports that it skipped its test, or an empty string.
    std::string skipped() const {
        const auto start = output.find("skipped: ");
        return start == std::string::npos ? "" : output.substr(start, output.find('\n', start) - start);
    }
    std::string describe() const {
        std::string how = "hung";
        if (!hung && WIFEXITED(status)) how = "exited with " + std::to_string(WEXITSTATUS(status));
        if (!hung && WIFSIGNALED(status)) how = std::string("was killed by ") + ::strsignal(WTERMSIG(status));
        return "the child " + how + "\nstdout: " + output + "\nstderr: " + errors;
    }
};

namespace detail {

inline constexpr std::chrono::seconds kDeadline{100};

struct Stream {
    int read_end = -1;
    int write_end = -1;

    Stream() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) FAIL("pipe2: " << std::strerror(errno));
        read_end = ends[0];
        write_end = ends[1];
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream() {
        close_write_end();
        ::close(read_end);
    }
    void close_write_end() {
        if (write_end >= 0) ::close(write_end);
        write_end = -1;
    }
};

// Appends one read of `descriptor` to `into`. Returns false at the end of the stream.
inline bool take(int descriptor, std::string& into) {
    std::array<char, 4096> buffer{};
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count < 0) return errno == EINTR;
    into.append(buffer.data(), static_cast<std::size_t>(count));
    return count != 0;
}

// Reads both streams until the child has closed them. Returns false if the deadline passed first.
inline bool collect(int output, int errors, Outcome& outcome) {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + kDeadline;
    std::array<pollfd, 2> streams{{{output, POLLIN, 0}, {errors, POLLIN, 0}}};
    const std::array<std::string*, 2> texts{&outcome.output, &outcome.errors};
    while (streams[0].fd >= 0 || streams[1].fd >= 0) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
        if (left <= 0) return false;
        if (::poll(streams.data(), streams.size(), static_cast<int>(left)) < 0)
            continue; // interrupted by a signal
        for (std::size_t i = 0; i < streams.size(); ++i) {
            if (streams[i].revents != 0 && !take(streams[i].fd, *texts[i])) streams[i].fd = -1;
        }
    }
    return true;
}

template <typename Body>
Outcome observe(Body in_child) {
    Stream output;
    Stream errors;
    std::cout.flush();
    std::fflush(nullptr);
    const pid_t pid = ::fork();
    if (pid < 0) FAIL("fork: " << std::strerror(errno));
    if (pid == 0) {
        ::setpgid(0, 0);
        ::dup2(output.write_end, STDOUT_FILENO);
        ::dup2(errors.write_end, STDERR_FILENO);
        const rlimit no_core{0, 0};
        ::setrlimit(RLIMIT_CORE, &no_core);
        in_child();
        std::cout.flush();
        std::fflush(nullptr);
        ::_exit(0);
    }
    ::setpgid(pid, pid); // parent and child both call setpgid, so the group exists in either order
    output.close_write_end();
    errors.close_write_end();
    Outcome outcome;
    outcome.hung = !collect(output.read_end, errors.read_end, outcome);
    if (outcome.hung) ::kill(-pid, SIGKILL);
    while (::waitpid(pid, &outcome.status, 0) < 0 && errno == EINTR) {
    }
    common::remove_words_of_emulator(outcome.errors);
    return outcome;
}

} // namespace detail

// Runs `body` in a forked copy of this process, which exits without clean-up. The status is 0, or 1 if a
// REQUIRE failed.
template <typename Body>
Outcome run_here(Body body) {
    return detail::observe([&] {
        std::signal(SIGABRT, SIG_DFL); // without the test framework's report
        try {
            body();
        } catch (...) { // a failed REQUIRE, already reported on stdout
            std::cout.flush();
            ::_exit(1);
        }
    });
}

// Returns the command line that runs one test case of this program. Catch2 separates names by commas.
inline std::vector<std::string> call_of_test(const std::string& name) {
    std::string escaped;
    for (const char c : name)
        escaped += c == ',' ? std::string("\\,") : std::string(1, c);
    return common::call_of(std::filesystem::read_symlink("/proc/self/exe"),
                           {escaped, "--rng-seed", std::to_string(Catch::rngSeed()), "--warn", "NoTests"});
}

// Runs the test case in a fresh process.
inline Outcome run_test(const std::string& name, const std::string& configuration) {
    std::vector<std::string> call = call_of_test(name);
    const std::vector<char*> words = common::pointers_to(call);
    return detail::observe([&] {
        ::setenv("ASHLAR_CONF", configuration.c_str(), 1);
        ::execv(words[0], words.data());
        ::_exit(127);
    });
}

} // namespace unit

// Requires that a child exited with status 0. A failure shows how the child ended.
#define UNIT_REQUIRE_PASSED(...)                                                                             \
    do {                                                                                                     \
        const ::unit::Outcome outcome_of_child = (__VA_ARGS__);                                              \
        {                                                                                                    \
            INFO(outcome_of_child.describe());                                                               \
            REQUIRE(outcome_of_child.exited(0));                                                             \
        }                                                                                                    \
        if (!outcome_of_child.skipped().empty()) WARN(outcome_of_child.skipped());                           \
    } while (false)

// Requires that abort() ended a child, and that stderr contains `words`.
#define UNIT_REQUIRE_ABORTED(words, ...)                                                                     \
    do {                                                                                                     \
        const ::unit::Outcome outcome_of_child = (__VA_ARGS__);                                              \
        INFO(outcome_of_child.describe());                                                                   \
        REQUIRE(outcome_of_child.killed_by(SIGABRT));                                                        \
        REQUIRE_THAT(outcome_of_child.errors, Catch::Matchers::Contains(words));                             \
    } while (false)

#define UNIT_TEST_CASE_IN_CHILD(name, configuration)                                                         \
    TEST_CASE(name) {                                                                                        \
        UNIT_REQUIRE_PASSED(::unit::run_test("child: " name, configuration));                                \
    }                                                                                                        \
    TEST_CASE("child: " name, "[.child]")
