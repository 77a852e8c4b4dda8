// SPDX-License-Identifier: MIT
// A run that a separate thread follows. Meanwhile this thread may inspect its processes or do other work.
#pragma once

#include "machine/descriptor.h"
#include "measure/child.h"

#include <atomic>
#include <future>

namespace ashlar::measure {

class BackgroundRun {
  public:
    // Replaces `on_start` and `stop` of the supervision.
    BackgroundRun(Command command, Supervision supervision);
    ~BackgroundRun(); // ends the run
    BackgroundRun(const BackgroundRun&) = delete;
    BackgroundRun& operator=(const BackgroundRun&) = delete;

    // Returns true if the run has ended.
    bool wait_for(std::chrono::milliseconds time) const;

    // Returns the command and its descendants.
    std::vector<pid_t> processes() const;

    // Asks the run to end. It is killed if it does not.
    void ask_to_end() const;

    // Waits for the end of the run. Call it once.
    Run take() { return end_.get(); }

  private:
    Command command_;
    Supervision supervision_;
    machine::Descriptor stop_;
    std::atomic<pid_t> root_ = 0; // see Supervision::on_start
    std::future<Run> end_;        // last member: its destructor waits for the run
};

} // namespace ashlar::measure
