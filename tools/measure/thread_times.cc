// SPDX-License-Identifier: MIT
#include "measure/thread_times.h"

#include "machine/files.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>

namespace ashlar::measure {

namespace {

// Returns seconds. Returns nothing for a thread that has ended, or for a kernel without CONFIG_SCHED_INFO.
std::optional<double> busy_seconds(const std::filesystem::path& task) {
    const auto text = machine::read_file(task / "schedstat");
    unsigned long long on_processor = 0;
    unsigned long long in_queue = 0;
    if (!text || std::sscanf(text->c_str(), "%llu %llu", &on_processor, &in_queue) != 2) {
        return std::nullopt;
    }
    return static_cast<double>(on_processor + in_queue) * 1e-9;
}

} // namespace

void ThreadTimes::look(const std::vector<pid_t>& processes) {
    for (const pid_t process : processes) {
        std::error_code error;
        const std::filesystem::path tasks = "/proc/" + std::to_string(process) + "/task";
        for (std::filesystem::directory_iterator task(tasks, error), end; !error && task != end;
             task.increment(error)) {
            const std::string name = task->path().filename().string();
            pid_t thread = 0;
            std::from_chars(name.data(), name.data() + name.size(), thread);
            const auto busy = busy_seconds(task->path());
            if (busy) {
                const Moment now{.time = Clock::now(), .busy = *busy};
                threads_.try_emplace(thread, Life{.first = now, .last = now}).first->second.last = now;
            }
        }
    }
}

std::optional<double> ThreadTimes::idle_seconds() const {
    double sum = 0;
    int count = 0;
    for (const auto& [thread, life] : threads_) {
        const double lived = std::chrono::duration<double>(life.last.time - life.first.time).count();
        if (lived > 0) {
            sum += std::max(0.0, lived - (life.last.busy - life.first.busy));
            ++count;
        }
    }
    return count == 0 ? std::nullopt : std::optional(sum / count);
}

} // namespace ashlar::measure
