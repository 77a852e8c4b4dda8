// SPDX-License-Identifier: MIT
// Records a running process for a while. Switches its profiler on and off from outside.
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
    std::uint64_t rate;  // bytes between two samples
    std::uint64_t limit; // largest size of the file, in bytes
    std::uint32_t cpu;   // samples per second of a thread's CPU time; 0: none
    std::string place{}; // folder for the file, as the process sees it; empty: by the process's settings
    std::string keep{};  // folder for the file at the end; empty: it is removed
    std::optional<double> seconds{}; // nothing: until an interrupt
};

// Why nothing was recorded: a sentence with a remedy, and the exit status.
struct CannotAttach : std::runtime_error {
    CannotAttach(int exit_status, const std::string& why) : std::runtime_error(why), status(exit_status) {}
    int status;
};

class AttachedRun {
  public:
    // Records. Prints on the standard error when the recording begins, and why if it ends early.
    AttachedRun(const AttachPlan& plan, const machine::Interrupt& interrupt);

    // Throws std::runtime_error as profile::read_recording does.
    profile::Recording read() const;

  private:
    std::filesystem::path file_;
    machine::Descriptor opened_;
    machine::Descriptor root_;          // root of the process's files; not open: the same as ours
    std::uint64_t end_ = 0;             // ns, CLOCK_MONOTONIC
    bool is_switched_off_ = false;      // by this command, as planned
    std::uint64_t process_started_ = 0; // ns since 1970
};

} // namespace ashlar::commands
