// SPDX-License-Identifier: MIT
// The stacks of what hung in one run, in a file of its own. It is made when the first process is looked at,
// under a name that nobody else has and nobody can foresee. For one thread.
#pragma once

#include "machine/interrupt.h"

#include <chrono>
#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace ashlar::measure {

class StacksFile {
  public:
    // `name` is what the file's name begins with, `heading` its first line. An interrupt shortens the look.
    StacksFile(std::filesystem::path folder, std::string name, std::string heading,
               const machine::Interrupt* interrupt);

    // Adds the threads of all of them. That there is nowhere to write is no error.
    void add(const std::vector<pid_t>& processes);

    const std::string& path() const { return path_; } // empty if there is none

  private:
    std::filesystem::path folder_;
    std::string name_;
    std::string heading_;
    const machine::Interrupt* interrupt_;
    std::chrono::steady_clock::time_point deadline_; // of gdb, for all processes that are added
    std::string path_;
};

} // namespace ashlar::measure
