// SPDX-License-Identifier: MIT
#include "child.h"

#include "common/emulator.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace contract {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kDeadline{60};
constexpr int kCouldNotExecute = 127;

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

// A pipe; exec closes both ends.
struct Pipe {
    int read_end = -1;
    int write_end = -1;
    Pipe() {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe2");
        read_end = ends[0];
        write_end = ends[1];
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        close_write_end();
        close(read_end);
    }
    void close_write_end() {
        if (write_end >= 0) close(write_end);
        write_end = -1;
    }
};

// Reads once. Returns false at the end of the stream.
bool take(int descriptor, std::string& into) {
    std::array<char, 4096> buffer{};
    const ssize_t count = read(descriptor, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) return true;
    if (count <= 0) return false;
    into.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
}

// Reads both streams until the child closes them. Returns false at the deadline.
bool collect(int output, int errors, Outcome& outcome) {
    const Clock::time_point end = Clock::now() + kDeadline;
    std::array<pollfd, 2> streams{{{output, POLLIN, 0}, {errors, POLLIN, 0}}};
    const std::array<std::string*, 2> texts{&outcome.output, &outcome.errors};
    while (streams[0].fd >= 0 || streams[1].fd >= 0) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
        if (left <= 0) return false;
        if (poll(streams.data(), streams.size(), static_cast<int>(left)) < 0 && errno != EINTR) fail("poll");
        for (std::size_t i = 0; i < streams.size(); ++i)
            if (streams[i].revents != 0 && !take(streams[i].fd, *texts[i])) streams[i].fd = -1;
    }
    return true;
}

Outcome observe(const std::function<void()>& in_child) {
    Pipe output;
    Pipe errors;
    const pid_t pid = fork();
    if (pid < 0) fail("fork");
    if (pid == 0) {
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL); // the child ends when the test process is killed
        dup2(output.write_end, STDOUT_FILENO);
        dup2(errors.write_end, STDERR_FILENO);
        in_child();
        _exit(kCouldNotExecute);
    }
    setpgid(pid, pid); // in both processes, so the group exists whichever runs first
    output.close_write_end();
    errors.close_write_end();
    Outcome outcome;
    outcome.hung = !collect(output.read_end, errors.read_end, outcome);
    if (outcome.hung) kill(-pid, SIGKILL);
    while (waitpid(pid, &outcome.status, 0) < 0)
        if (errno != EINTR) fail("waitpid");
    common::remove_words_of_emulator(outcome.errors);
    return outcome;
}

std::vector<std::string> environment_with(const std::vector<std::pair<std::string, std::string>>& added) {
    std::vector<std::string> all;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        bool replaced = false;
        for (const auto& [key, value] : added)
            replaced = replaced || text.rfind(key + "=", 0) == 0;
        if (!replaced) all.push_back(text);
    }
    for (const auto& [key, value] : added)
        all.push_back(key + "=" + value);
    return all;
}

} // namespace

bool Outcome::clean() const {
    return !hung && WIFEXITED(status) && WEXITSTATUS(status) == 0 && errors.empty();
}

bool Outcome::killed_by(int signal) const {
    return !hung && WIFSIGNALED(status) && WTERMSIG(status) == signal;
}

std::string Outcome::describe() const {
    std::string how = "hung";
    if (!hung && WIFEXITED(status)) how = "exited with " + std::to_string(WEXITSTATUS(status));
    if (!hung && WIFSIGNALED(status)) how = std::string("was killed by ") + strsignal(WTERMSIG(status));
    return "the child " + how + "\nstdout: " + output + "\nstderr: " + errors;
}

std::string program(const std::string& name) {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "contract" / name;
}

Outcome run(const Child& child) {
    // Everything that allocates happens before the fork.
    std::vector<std::string> command =
        common::call_of(child.command[0], {child.command.begin() + 1, child.command.end()});
    std::vector<std::string> environment = environment_with(child.environment);
    const std::vector<char*> arguments = common::pointers_to(command);
    const std::vector<char*> variables = common::pointers_to(environment);
    return observe([&] {
        if (child.prepare) child.prepare();
        execve(arguments[0], arguments.data(), variables.data());
    });
}

Outcome run_here(const std::function<int()>& body) {
    return observe([&] {
        signal(SIGABRT, SIG_DFL); // no report by the test framework, whose data may be damaged
        _exit(body());
    });
}

} // namespace contract
