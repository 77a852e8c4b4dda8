// SPDX-License-Identifier: MIT
#include "measure/background_run.h"

#include "measure/processes.h"

#include <cerrno>
#include <sys/eventfd.h>
#include <system_error>

namespace ashlar::measure {

BackgroundRun::BackgroundRun(Command command, Supervision supervision)
    : command_(std::move(command)), supervision_(std::move(supervision)), stop_(eventfd(0, EFD_CLOEXEC)) {
    if (!stop_.open()) {
        throw std::system_error(errno, std::generic_category(), "eventfd");
    }
    supervision_.on_start = [this](pid_t root) { root_ = root; };
    supervision_.stop = stop_.number();
    end_ = std::async(std::launch::async, [this] { return run(command_, supervision_); });
}

BackgroundRun::~BackgroundRun() {
    if (end_.valid()) {
        ask_to_end(); // an exception has prevented take()
    }
}

bool BackgroundRun::wait_for(std::chrono::milliseconds time) const {
    return end_.wait_for(time) == std::future_status::ready;
}

std::vector<pid_t> BackgroundRun::processes() const {
    return root_ > 0 ? descendants(root_) : std::vector<pid_t>{};
}

void BackgroundRun::ask_to_end() const {
    eventfd_write(stop_.number(), 1);
}

} // namespace ashlar::measure
