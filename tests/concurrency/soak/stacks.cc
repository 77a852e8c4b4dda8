// SPDX-License-Identifier: MIT
#include "stacks.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <initializer_list>
#include <sys/wait.h>
#include <unistd.h>

namespace soak {

namespace {

constexpr unsigned kMostProcesses = 16;
constexpr int kDebuggerLimit = 30; // in seconds

void copy_file(const char* path, int to) {
    const int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0) {
        dprintf(to, "%s\n", std::strerror(errno));
        return;
    }
    char text[4096];
    ssize_t length = 0;
    while ((length = read(from, text, sizeof text)) > 0)
        dprintf(to, "%.*s", static_cast<int>(length), text);
    if (length < 0) dprintf(to, "%s", std::strerror(errno));
    dprintf(to, "\n");
    close(from);
}

// Calls visit(number) for each numeric entry of the folder.
template <typename Visit>
void for_each_number(const char* folder, Visit visit) {
    DIR* const entries = opendir(folder);
    if (entries == nullptr) return;
    while (const dirent* entry = readdir(entries)) {
        char* end = nullptr;
        const long number = std::strtol(entry->d_name, &end, 10);
        if (number > 0 && *end == '\0') visit(static_cast<pid_t>(number));
    }
    closedir(entries);
}

void write_kernels_view(pid_t process, int to) {
    char folder[64];
    std::snprintf(folder, sizeof folder, "/proc/%d/task", process);
    for_each_number(folder, [&](pid_t thread) {
        dprintf(to, "thread %d\n", thread);
        for (const char* const file : {"wchan", "syscall", "stack"}) {
            char path[128];
            std::snprintf(path, sizeof path, "%s/%d/%s", folder, thread, file);
            dprintf(to, "  %s: ", file);
            copy_file(path, to);
        }
    });
}

void write_debuggers_view(pid_t process, int to) {
    const pid_t debugger = fork();
    if (debugger == 0) {
        dup2(to, STDOUT_FILENO);
        dup2(to, STDERR_FILENO);
        unsetenv("LD_PRELOAD");
        alarm(kDebuggerLimit); // survives exec and ends the debugger
        char number[16];
        std::snprintf(number, sizeof number, "%d", process);
        execlp("gdb", "gdb", "--batch", "--nx", "-p", number, "-ex", "set pagination off", "-ex",
               "thread apply all backtrace", static_cast<char*>(nullptr));
        dprintf(to, "gdb: %s\n", std::strerror(errno));
        _exit(127);
    }
    if (debugger > 0) {
        while (waitpid(debugger, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
}

} // namespace

ThreadState state_of(pid_t process, pid_t thread) {
    char path[64];
    char text[256] = {};
    std::snprintf(path, sizeof path, "/proc/%d/task/%d/stat", process, thread);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return ThreadState::kEnded;
    const ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    const char* const name_end = length > 0 ? std::strrchr(text, ')') : nullptr;
    if (name_end == nullptr) return ThreadState::kEnded;
    switch (name_end[2]) {
    case 'S':
        return ThreadState::kAsleep;
    case 'X':
    case 'Z':
        return ThreadState::kEnded;
    default:
        return ThreadState::kAwake;
    }
}

SavedStacks save_stacks(pid_t group) {
    SavedStacks saved{};
    const char* const folder = std::getenv("TMPDIR");
    std::snprintf(saved.path, sizeof saved.path, "%s/soak-stacks-XXXXXX",
                  folder != nullptr && *folder != '\0' ? folder : "/tmp");
    const int file = mkstemp(saved.path);
    if (file < 0) {
        saved.path[0] = '\0';
        return saved;
    }
    for_each_number("/proc", [&](pid_t process) {
        if (getpgid(process) != group || saved.processes == kMostProcesses) return;
        saved.processes++;
        dprintf(file, "Process %d, from /proc:\n", process);
        write_kernels_view(process, file); // first, because the debugger stops the threads
        dprintf(file, "From gdb:\n");
        write_debuggers_view(process, file);
    });
    close(file);
    return saved;
}

} // namespace soak
