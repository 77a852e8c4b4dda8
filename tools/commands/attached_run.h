// SPDX-License-Identifier: MIT
// A process that runs already, recorded for a while: its profiler is switched on and off from outside.
#pragma once

#include "machine/descriptor.h"
#include "machine/interrupt.h"
#include "profile/recording.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/types.h>

namespace ashlar::commands {

struct AttachPlan {
    pid_t process;
    std::uint64_t rate;              // bytes between two samples
    std::uint64_t limit;             // bytes that the file may have
    std::uint32_t cpu;               // samples of each second of a thread's CPU time; 0: none
    std::string place{};             // folder for it, as the process sees it; empty: its settings'
    std::string keep{};              // folder that the file goes to in the end; empty: it is removed
    std::optional<double> seconds{}; // nothing: until it is interrupted
};

// Why nothing was recorded: a sentence with what to do, and the exit status.
struct CannotAttach : std::runtime_error {
    CannotAttach(int exit_status, const std::string& why) : std::runtime_error(why), status(exit_status) {}
    int status;
};

class AttachedRun {
  public:
    // Records. Says on the standard error when that begins and, if not as asked, why it ends.
    AttachedRun(const AttachPlan& plan, const machine::Interrupt& interrupt);

    // Throws std::runtime_error as profile::read_recording does.
    profile::Recording read() const;

  private:
    std::filesystem::path file_;
    machine::Descriptor opened_;
    machine::Descriptor root_;          // of the process's files; not open: the same as ours
    std::uint64_t end_ = 0;             // ns, CLOCK_MONOTONIC
    bool is_switched_off_ = false;      // by this command, as was asked
    std::uint64_t process_started_ = 0; // ns since 1970
};

} // namespace ashlar::commands
