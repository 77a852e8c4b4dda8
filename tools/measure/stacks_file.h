// SPDX-License-Identifier: MIT
// A file with the stacks of the hung processes of one run. It is created at the first process, under a
// unique, unpredictable name. For use by one thread.
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
    // `name` begins the file's name, `heading` is its first line. An interrupt stops gdb.
    StacksFile(std::filesystem::path folder, std::string name, std::string heading,
               const machine::Interrupt* interrupt);

    // Adds the threads of all processes. A file that cannot be written is no error.
    void add(const std::vector<pid_t>& processes);

    const std::string& path() const { return path_; } // empty if there is none

  private:
    std::filesystem::path folder_;
    std::string name_;
    std::string heading_;
    const machine::Interrupt* interrupt_;
    std::chrono::steady_clock::time_point deadline_; // of gdb, for all added processes
    std::string path_;
};

} // namespace ashlar::measure
