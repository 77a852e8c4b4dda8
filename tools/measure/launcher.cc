// SPDX-License-Identifier: MIT
// ashlar-launcher: runs one command for `ashlar` and reports its usage.
//
//   ashlar-launcher command|service plain|prove <library or ""> <processor or ""> <command> [argument...]
//
// It is a separate program, because the kernel counts the peak memory of the executing process towards the
// command. Started by `ashlar` itself, every small program would appear to need as much memory as `ashlar`.
// The launcher is smaller than anything it starts.
//
// It is the subreaper of its descendants. Orphans become the launcher's children, so every process is reaped.
// The sum of wait4's results here is the usage of the whole tree. (The kernel itself forgets the children of
// a process that ignores SIGCHLD.) Nothing outlives a run: the command dies with the launcher, and remaining
// processes are killed at the end.
//
// A *command* is over when its first process ends. A *service* is over when no process of it is left. A shell
// may have started the server in the background, or the server may have made itself a daemon.
//
// With "prove" the launcher inspects the memory of a process before it ends. It looks for the library, and
// for another allocator. For this, ptrace stops a command at its very end, so such runs are not timed. The
// processes of a service are inspected just before they are asked to end.
#include "measure/launch_message.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using ashlar::measure::kAskToEnd;
using ashlar::measure::kKill;
using ashlar::measure::kLaunchReport;
using ashlar::measure::LaunchMessage;

struct Request {
    bool is_service;
    bool prove;
    const char* preload; // for LD_PRELOAD
    const char* library; // the first library in `preload`, which is looked for
    const char* processor;
    char** command;
};

// Beginnings of the file names of allocators that a program may be linked with.
constexpr const char* kAllocatorFiles[] = {
    "libjemalloc", "libtcmalloc", "libmimalloc", "libtbbmalloc_proxy", "libclang_rt.scudo",
    "libscudo",    "libsnmalloc", "librpmalloc", "libhoard",           "libashlar"};

constexpr const char* kLockProfiler = "libashlar-locks"; // not an allocator

void send(const LaunchMessage& message) {
    while (write(kLaunchReport, &message, sizeof message) < 0 && errno == EINTR) {
    }
}

std::int64_t nanoseconds_now() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Returns the signals that the launcher waits for, and SIGPIPE, which it gets if `ashlar` has died.
sigset_t own_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int each : {kKill, kAskToEnd, SIGCHLD, SIGPIPE}) {
        sigaddset(&signals, each);
    }
    return signals;
}

[[noreturn]] void become(const Request& request) {
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, nullptr);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (request.prove && !request.is_service) {
        ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); // refused in some sandboxes: then nothing is proved
    }
    if (request.processor[0] != '\0') {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(std::strtoul(request.processor, nullptr, 10), &one);
        sched_setaffinity(0, sizeof one, &one); // on failure (the processor is offline) any other will do
    }
    if (request.preload[0] != '\0') {
        setenv("LD_PRELOAD", request.preload, 1); // NOLINT(concurrency-mt-unsafe): there is one thread
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
    if (std::strncmp(file, kLockProfiler, std::strlen(kLockProfiler)) == 0) {
        return false;
    }
    for (const char* const start : kAllocatorFiles) {
        if (std::strncmp(file, start, std::strlen(start)) == 0) {
            return true;
        }
    }
    return false;
}

std::FILE* open_of(pid_t pid, const char* name) {
    char path[64];
    std::snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    return std::fopen(path, "re");
}

// Reads a process's name, CPU time and peak memory. They tell which of several processes matter.
void read_status(pid_t pid, LaunchMessage& seen) {
    char line[1024];
    if (std::FILE* const stat = open_of(pid, "stat")) {
        unsigned long user = 0;
        unsigned long system = 0;
        // The name is in brackets and may hold any character. CPU time is in fields 14 and 15.
        const bool read = std::fgets(line, sizeof line, stat) != nullptr;
        const char* const rest = read ? std::strrchr(line, ')') : nullptr;
        if (rest != nullptr &&
            std::sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) == 2) {
            const auto ticks = static_cast<unsigned long>(sysconf(_SC_CLK_TCK));
            seen.usage.ru_utime = {.tv_sec = static_cast<time_t>((user + system) / ticks),
                                   .tv_usec =
                                       static_cast<suseconds_t>((user + system) % ticks * 1'000'000 / ticks)};
        }
        std::fclose(stat);
    }
    if (std::FILE* const status = open_of(pid, "status")) {
        while (std::fgets(line, sizeof line, status) != nullptr &&
               std::sscanf(line, "VmHWM: %ld", &seen.usage.ru_maxrss) != 1) {
            std::sscanf(line, "Name: %15s", seen.name.data());
        }
        std::fclose(status);
    }
}

// Inspects the memory of a process, and reports the result.
void look_into(pid_t pid, const char* library) {
    LaunchMessage seen{};
    seen.kind = LaunchMessage::Kind::kSeen;
    char path[64];
    std::snprintf(path, sizeof path, "/proc/%d/exe", pid);
    if (readlink(path, seen.executable.data(), seen.executable.size() - 1) < 0) {
        seen.executable.front() = '\0';
    }
    std::FILE* const maps = open_of(pid, "maps");
    if (maps == nullptr) {
        return;
    }
    char line[4096 + 128];
    bool any = false;
    while (std::fgets(line, sizeof line, maps) != nullptr) {
        any = true;
        line[std::strcspn(line, "\n")] = '\0';
        const char* const name = std::strchr(line, '/');
        if (name == nullptr) {
            continue;
        }
        if (std::strcmp(name, library) == 0) {
            seen.preload_mapped = true;
        } else if (is_allocator(name)) {
            std::snprintf(seen.other_allocator.data(), seen.other_allocator.size(), "%s", name);
        }
    }
    std::fclose(maps);
    if (any) { // false: it has ended already, or belongs to another user
        read_status(pid, seen);
        send(seen);
    }
}

// The launcher's descendants, parents before children.
struct Processes {
    static constexpr int kMost = 4096;
    int count = 0;
    pid_t ids[kMost];
};

void add_children(pid_t process, Processes& all) {
    char path[300];
    std::snprintf(path, sizeof path, "/proc/%d/task", process);
    DIR* const threads = opendir(path);
    if (threads == nullptr) {
        return;
    }
    while (const dirent* const thread = readdir(threads)) { // NOLINT(concurrency-mt-unsafe): one thread
        std::snprintf(path, sizeof path, "/proc/%d/task/%s/children", process, thread->d_name);
        std::FILE* const children = std::fopen(path, "re");
        while (children != nullptr && all.count < Processes::kMost &&
               std::fscanf(children, "%d", &all.ids[all.count]) == 1) {
            ++all.count;
        }
        if (children != nullptr) {
            std::fclose(children);
        }
    }
    closedir(threads);
}

const Processes& descendants() {
    static Processes all;
    all.count = 0;
    add_children(getpid(), all);
    for (int next = 0; next < all.count; ++next) {
        add_children(all.ids[next], all);
    }
    return all;
}

void add(timeval& sum, const timeval& time) {
    constexpr suseconds_t kSecond = 1'000'000;
    sum.tv_sec += time.tv_sec + (sum.tv_usec + time.tv_usec) / kSecond;
    sum.tv_usec = (sum.tv_usec + time.tv_usec) % kSecond;
}

// One command or service, from its start until no process of it is left.
class Launch {
  public:
    explicit Launch(const Request& request) : request_(request) { ended_.kind = LaunchMessage::Kind::kEnded; }

    bool start() {
        start_ = nanoseconds_now();
        command_ = fork();
        if (command_ == 0) {
            become(request_);
        }
        LaunchMessage message{};
        message.kind = command_ < 0 ? LaunchMessage::Kind::kNotRun : LaunchMessage::Kind::kStarted;
        message.error = errno;
        if (command_ > 0) {
            group_ = command_;
            setpgid(command_, command_); // in parent and child: the group exists whichever runs first
        }
        send(message);
        return command_ > 0;
    }

    void follow() {
        while (true) {
            int status = 0;
            rusage usage{};
            const pid_t changed = wait4(-1, &status, WNOHANG, &usage);
            if (changed == 0) {
                wait_for_news();
            } else if (changed < 0 && errno != EINTR) {
                break; // no child is left
            } else if (changed > 0 && WIFSTOPPED(status)) {
                resume(changed, status);
            } else if (changed > 0) {
                reaped(changed, status, usage);
            }
        }
        send(ended_);
    }

  private:
    void wait_for_news() {
        const sigset_t signals = own_signals();
        const int signal = sigwaitinfo(&signals, nullptr);
        if (signal == kKill) {
            ending_ = true;
            kill_all();
        } else if (signal == kAskToEnd) {
            ask_to_end();
        }
    }

    void ask_to_end() const {
        const Processes& all = descendants();
        for (int index = 0; index < all.count && request_.prove; ++index) {
            look_into(all.ids[index], request_.library);
        }
        for (int index = 0; index < all.count; ++index) {
            kill(all.ids[index], SIGTERM);
        }
    }

    void kill_all() const {
        if (group_ > 0) {
            kill(-group_, SIGKILL); // also reaches children it starts meanwhile
        }
        const Processes& all = descendants();
        for (int index = 0; index < all.count; ++index) {
            kill(all.ids[index], SIGKILL);
        }
    }

    void reaped(pid_t process, int status, const rusage& usage) {
        add(ended_.usage.ru_utime, usage.ru_utime);
        add(ended_.usage.ru_stime, usage.ru_stime);
        ended_.usage.ru_maxrss = std::max(ended_.usage.ru_maxrss, usage.ru_maxrss);
        ended_.usage.ru_minflt += usage.ru_minflt;
        ended_.usage.ru_majflt += usage.ru_majflt;
        ended_.usage.ru_nvcsw += usage.ru_nvcsw;
        ended_.usage.ru_nivcsw += usage.ru_nivcsw;
        if (process == command_) {
            command_ended(status);
        }
        if (ending_) {
            kill_all(); // its children are now the launcher's
        }
    }

    void command_ended(int status) {
        ended_.status = status;
        ended_.wall_nanoseconds = nanoseconds_now() - start_;
        if (request_.is_service) {
            group_ = 0; // a service may outlive the group, and its number may be reused
            LaunchMessage message{};
            message.kind = LaunchMessage::Kind::kCommandEnded;
            message.status = status;
            send(message);
        } else {
            ending_ = true;
        }
    }

    // Continues a stopped command. Inspects it if this is its last stop.
    void resume(pid_t process, int status) {
        const int event = status >> 16;
        int signal = WSTOPSIG(status);
        if (!traced_ && event == 0 && signal == SIGTRAP) {
            ptrace(PTRACE_SETOPTIONS, process, nullptr,
                   PTRACE_O_TRACEEXIT | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
            traced_ = true;
            signal = 0;
        } else if (event != 0) {
            if (event == PTRACE_EVENT_EXIT) {
                look_into(process, request_.library);
            }
            signal = 0;
        }
        ptrace(PTRACE_CONT, process, nullptr, signal);
    }

    const Request& request_;
    LaunchMessage ended_{};
    std::int64_t start_ = 0;
    pid_t command_ = 0;
    pid_t group_ = 0;
    bool traced_ = false;
    bool ending_ = false; // remaining processes are killed
};

} // namespace

int main(int argc, char** argv) {
    if (argc < 6 || fcntl(kLaunchReport, F_SETFD, FD_CLOEXEC) != 0) {
        std::fputs("ashlar-launcher is a part of `ashlar` and is not run by hand\n", stderr);
        return 2;
    }
    const sigset_t signals = own_signals(); // the parent has blocked them already
    pthread_sigmask(SIG_SETMASK, &signals, nullptr);
    prctl(PR_SET_PDEATHSIG, kKill);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    static char first[PATH_MAX];
    std::snprintf(first, sizeof first, "%.*s", static_cast<int>(std::strcspn(argv[3], ":")), argv[3]);
    const Request request{.is_service = std::strcmp(argv[1], "service") == 0,
                          .prove = std::strcmp(argv[2], "prove") == 0,
                          .preload = argv[3],
                          .library = first,
                          .processor = argv[4],
                          .command = argv + 5};
    Launch launch(request);
    if (!launch.start()) {
        return 1;
    }
    launch.follow();
    return 0;
}
