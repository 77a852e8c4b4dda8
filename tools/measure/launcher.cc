// SPDX-License-Identifier: MIT
// ashlar-launcher: runs one command for `ashlar` and reports what it used.
//
//   ashlar-launcher plain|prove <library or ""> <processor or ""> <command> [argument...]
//
// A program of its own because the kernel counts the peak memory of whoever executes a command towards that
// command: started by `ashlar` itself, every small program would appear to need as much memory as `ashlar`.
// This one stays smaller than anything it starts. It also sees to it that nothing outlives a run: the command
// has a process group, dies with the launcher, and whatever it has left behind, in its group or out of it,
// becomes the launcher's child and is ended.
//
// With "prove" the command is stopped at its very end, when its memory is still there, to see whether the
// library is mapped, and whether it brings an allocator of its own. That is for runs that are not timed.
#include "measure/launch_message.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sched.h>
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
    const char* processor;
    char** command;
};

// What a program has that was linked with an allocator: files whose names start like this.
constexpr const char* kAllocatorFiles[] = {
    "libjemalloc", "libtcmalloc", "libmimalloc", "libtbbmalloc_proxy", "libclang_rt.scudo",
    "libscudo",    "libsnmalloc", "librpmalloc", "libhoard",           "libashlar"};

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
    if (request.processor[0] != '\0') {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(std::strtoul(request.processor, nullptr, 10), &one);
        sched_setaffinity(0, sizeof one, &one); // one that is gone meanwhile: any other will do
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

bool is_allocator(const char* path) {
    const char* const file = std::strrchr(path, '/') + 1;
    for (const char* const start : kAllocatorFiles) {
        if (std::strncmp(file, start, std::strlen(start)) == 0) {
            return true;
        }
    }
    return false;
}

// Everything that the memory of a process that is about to end tells.
void look_into(pid_t pid, const char* library, LaunchMessage& ending) {
    char path[64];
    std::snprintf(path, sizeof path, "/proc/%d/exe", pid);
    if (readlink(path, ending.executable.data(), ending.executable.size() - 1) < 0) {
        ending.executable.front() = '\0';
    }
    std::snprintf(path, sizeof path, "/proc/%d/maps", pid);
    std::FILE* const maps = std::fopen(path, "re");
    if (maps == nullptr) {
        return;
    }
    ending.preload_mapped = LaunchMessage::Mapped::kNo;
    char line[4096 + 128];
    while (std::fgets(line, sizeof line, maps) != nullptr) {
        line[std::strcspn(line, "\n")] = '\0';
        const char* const name = std::strchr(line, '/');
        if (name == nullptr) {
            continue;
        }
        if (std::strcmp(name, library) == 0) {
            ending.preload_mapped = LaunchMessage::Mapped::kYes;
        } else if (is_allocator(name)) {
            std::snprintf(ending.other_allocator.data(), ending.other_allocator.size(), "%s", name);
        }
    }
    std::fclose(maps);
}

// Lets a stopped command run on; fills in the proof when the stop is its last.
void resume(pid_t pid, int status, const char* library, bool& traced, LaunchMessage& ending) {
    const int event = status >> 16;
    int signal = WSTOPSIG(status);
    if (!traced && event == 0 && signal == SIGTRAP) {
        ptrace(PTRACE_SETOPTIONS, pid, nullptr, PTRACE_O_TRACEEXIT | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
        traced = true;
        signal = 0;
    } else if (event != 0) {
        if (event == PTRACE_EVENT_EXIT) {
            look_into(pid, library, ending);
        }
        signal = 0;
    }
    ptrace(PTRACE_CONT, pid, nullptr, signal);
}

void wait_for_end(pid_t pid, const char* library, LaunchMessage& ending) {
    bool traced = false;
    while (true) {
        const pid_t changed = wait4(pid, &ending.status, 0, &ending.usage);
        if (changed < 0 && errno == EINTR) {
            continue;
        }
        if (changed != pid || !WIFSTOPPED(ending.status)) {
            return;
        }
        resume(pid, ending.status, library, traced, ending);
    }
}

// Kills the children there are; false if there are none.
bool kill_children() {
    std::FILE* const children = std::fopen("/proc/thread-self/children", "re");
    if (children == nullptr) {
        return false;
    }
    int pid = 0;
    bool any = false;
    while (std::fscanf(children, "%d", &pid) == 1) {
        kill(pid, SIGKILL);
        any = true;
    }
    std::fclose(children);
    return any;
}

// Whatever the command started and left: an orphan is ours, and when it ends, its children are.
void end_what_is_left(pid_t group) {
    kill(-group, SIGKILL);
    while (kill_children()) {
        while (waitpid(-1, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
}

volatile sig_atomic_t command_group = 0;

// Whoever started us is gone: nobody waits for the command any more.
void end_with_parent(int /*signal*/) {
    if (command_group > 0) {
        kill(-command_group, SIGKILL);
    }
    _exit(1);
}

int launch(const Request& request) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
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
    command_group = pid;
    setpgid(pid, pid); // here and there: whoever comes first, the group exists before it is reported
    message.kind = LaunchMessage::Kind::kStarted;
    send(message);
    wait_for_end(pid, request.library, message);
    message.wall_nanoseconds = nanoseconds_now() - start;
    end_what_is_left(pid);
    message.kind = LaunchMessage::Kind::kEnded;
    send(message);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 5 || fcntl(kLaunchReport, F_SETFD, FD_CLOEXEC) != 0) {
        std::fputs("ashlar-launcher is a part of `ashlar` and is not run by hand\n", stderr);
        return 2;
    }
    std::signal(SIGTERM, end_with_parent);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    return launch({.prove = std::strcmp(argv[1], "prove") == 0,
                   .library = argv[2],
                   .processor = argv[3],
                   .command = argv + 4});
}
