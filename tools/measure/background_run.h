// SPDX-License-Identifier: MIT
// A run that a thread of its own follows, while this thread looks at its processes or runs something else.
#pragma once

#include "machine/descriptor.h"
#include "measure/child.h"

#include <atomic>
#include <future>

namespace ashlar::measure {

class BackgroundRun {
  public:
    // `on_start` and `stop` of the supervision are replaced.
    BackgroundRun(Command command, Supervision supervision);
    ~BackgroundRun(); // ends it
    BackgroundRun(const BackgroundRun&) = delete;
    BackgroundRun& operator=(const BackgroundRun&) = delete;

    // True if it is over.
    bool wait_for(std::chrono::milliseconds time) const;

    // The command and all that it has started.
    std::vector<pid_t> processes() const;

    // Politely at first, then by force.
    void ask_to_end() const;

    // Waits for its end. Call it once.
    Run take() { return end_.get(); }

  private:
    Command command_;
    Supervision supervision_;
    machine::Descriptor stop_;
    std::atomic<pid_t> root_ = 0; // see Supervision::on_start
    std::future<Run> end_;        // last: waits for the run when it is destroyed
};

} // namespace ashlar::measure
