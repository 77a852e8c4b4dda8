// SPDX-License-Identifier: MIT
// ashlar-launcher: runs one command for `ashlar` and reports what it used.
//
//   ashlar-launcher plain|prove <library or ""> <command> [argument...]
//
// A program of its own because the kernel counts the peak memory of whoever executes a command towards that
// command: started by `ashlar` itself, every small program would appear to need as much memory as `ashlar`.
// This one stays smaller than anything it starts. It also sees to it that nothing outlives a run: the command
// has a process group, dies with the launcher, and takes what it has left behind in its group with it.
//
// With "prove" the command is stopped at its very end, when its memory is still there, to see whether the
// library is mapped. That is for runs that are not timed.
#include "measure/launch_message.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using ashlar::measure::kLaunchReport;
using ashlar::measure::LaunchMessage;

struct Request {
    bool prove;
    const char* library;
    char** command;
};

void send(const LaunchMessage& message) {
    while (write(kLaunchReport, &message, sizeof message) < 0 && errno == EINTR) {
    }
}

std::int64_t nanoseconds_now() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

[[noreturn]] void become(const Request& request) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (request.prove) {
        ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); // refused in some sandboxes: then nothing is proved
    }
    if (request.library[0] != '\0') {
        setenv("LD_PRELOAD", request.library, 1); // NOLINT(concurrency-mt-unsafe): there is one thread
    }
    execvp(request.command[0], request.command);
    LaunchMessage failure{};
    failure.kind = LaunchMessage::Kind::kNotRun;
    failure.error = errno;
    send(failure);
    std::_Exit(127);
}

bool maps_library(pid_t pid, const char* library) {
    char path[64];
    std::snprintf(path, sizeof path, "/proc/%d/maps", pid);
    std::FILE* const maps = std::fopen(path, "re");
    if (maps == nullptr) {
        return false;
    }
    char line[4096 + 128];
    bool found = false;
    while (!found && std::fgets(line, sizeof line, maps) != nullptr) {
        line[std::strcspn(line, "\n")] = '\0';
        const char* const name = std::strchr(line, '/');
        found = name != nullptr && std::strcmp(name, library) == 0;
    }
    std::fclose(maps);
    return found;
}

// Lets a stopped command run on; fills in the proof when the stop is its last.
void resume(pid_t pid, int status, const char* library, LaunchMessage& ending) {
    const int event = status >> 16;
    int signal = WSTOPSIG(status);
    if (ending.preload_mapped == LaunchMessage::Mapped::kUnknown && event == 0 && signal == SIGTRAP) {
        ptrace(PTRACE_SETOPTIONS, pid, nullptr, PTRACE_O_TRACEEXIT | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
        ending.preload_mapped = LaunchMessage::Mapped::kNo;
        signal = 0;
    } else if (event == PTRACE_EVENT_EXIT) {
        if (maps_library(pid, library)) {
            ending.preload_mapped = LaunchMessage::Mapped::kYes;
        }
        signal = 0;
    } else if (event != 0) {
        signal = 0;
    }
    ptrace(PTRACE_CONT, pid, nullptr, signal);
}

void wait_for_end(pid_t pid, const char* library, LaunchMessage& ending) {
    while (true) {
        const pid_t changed = wait4(pid, &ending.status, 0, &ending.usage);
        if (changed < 0 && errno == EINTR) {
            continue;
        }
        if (changed != pid || !WIFSTOPPED(ending.status)) {
            return;
        }
        resume(pid, ending.status, library, ending);
    }
}

int launch(const Request& request) {
    const std::int64_t start = nanoseconds_now();
    const pid_t pid = fork();
    if (pid == 0) {
        become(request);
    }
    LaunchMessage message{};
    message.pid = pid;
    if (pid < 0) {
        message.kind = LaunchMessage::Kind::kNotRun;
        message.error = errno;
        send(message);
        return 1;
    }
    setpgid(pid, pid); // here and there: whoever comes first, the group exists before it is reported
    message.kind = LaunchMessage::Kind::kStarted;
    send(message);
    wait_for_end(pid, request.library, message);
    message.wall_nanoseconds = nanoseconds_now() - start;
    kill(-pid, SIGKILL);
    message.kind = LaunchMessage::Kind::kEnded;
    send(message);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 4 || fcntl(kLaunchReport, F_SETFD, FD_CLOEXEC) != 0) {
        std::fputs("ashlar-launcher is a part of `ashlar` and is not run by hand\n", stderr);
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return launch({.prove = std::strcmp(argv[1], "prove") == 0, .library = argv[2], .command = argv + 3});
}
