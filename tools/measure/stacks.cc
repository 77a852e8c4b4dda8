// SPDX-License-Identifier: MIT
#include "measure/stacks.h"

#include "machine/files.h"
#include "measure/child.h"

#include <filesystem>

namespace ashlar::measure {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMostProcesses = 8; // of a command and its descendants

std::string from_kernel(pid_t process) {
    std::string text;
    std::error_code error;
    const auto tasks = std::filesystem::path("/proc") / std::to_string(process) / "task";
    for (const auto& task : std::filesystem::directory_iterator(tasks, error)) {
        text += "thread " + task.path().filename().string() + "\n";
        for (const char* const file : {"comm", "wchan", "syscall", "stack"}) {
            text +=
                std::string("  ") + file + ": " + machine::read_file(task.path() / file).value_or("") + "\n";
        }
    }
    return text;
}

std::string from_debugger(pid_t process, Clock::time_point deadline, const machine::Interrupt* interrupt) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0 || (interrupt != nullptr && interrupt->requested())) {
        return "gdb: not asked, as the time for it was over\n";
    }
    const Run debugger = run({.arguments = {"gdb", "--batch", "--nx", "-p", std::to_string(process), "-ex",
                                            "set pagination off", "-ex", "thread apply all backtrace"}},
                             {.time_limit = left, .interrupt = interrupt});
    if (debugger.succeeded() && !debugger.output.empty()) {
        return debugger.output;
    }
    return "gdb: " + describe_ending(debugger) + "\n" + debugger.errors; // not installed, or may not attach
}

} // namespace

std::string thread_stacks(const std::vector<pid_t>& processes, Clock::time_point deadline,
                          const machine::Interrupt* interrupt) {
    std::string text;
    int left = kMostProcesses;
    for (const pid_t each : processes) {
        if (left-- == 0) {
            return text + "... and other processes\n";
        }
        // The kernel's view first, because the debugger stops the threads.
        const std::string kernel = from_kernel(each);
        text += "Process " + std::to_string(each) + "\n\n" + from_debugger(each, deadline, interrupt) +
                "\nFrom /proc:\n" + kernel + "\n";
    }
    return text;
}

} // namespace ashlar::measure
