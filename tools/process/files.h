// SPDX-License-Identifier: MIT
// A process by its folder in /proc, held open. Reading fails after its end, even if its number is reused.
#pragma once

#include "machine/descriptor.h"

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace ashlar::process {

class Files {
  public:
    explicit Files(pid_t process);

    pid_t process() const { return process_; }
    // Returns true if the process existed at construction. The number may also be a thread's. The kernel
    // lists only processes, but it opens the folder of a thread as well.
    bool found() const { return folder_.open(); }
    bool is_alive() const; // true for a zombie
    // Returns a pidfd, which becomes readable when the process ends. It is not open before Linux 5.3.
    machine::Descriptor end() const;

    // Returns the whole text of a small file, or nothing and the reason in errno.
    std::optional<std::string> read(const char* name) const;
    // Opens a file, for example with O_RDONLY or O_RDWR. On failure the result is not open: see errno.
    machine::Descriptor open(const char* name, int mode = 0) const;
    std::optional<uid_t> owner_of(const char* name) const;
    std::optional<std::string> link(const char* name) const; // the link's target
    std::vector<pid_t> threads() const;

  private:
    pid_t process_;
    machine::Descriptor folder_;
};

// Returns the processes of this machine that /proc lists.
std::vector<pid_t> all_processes();

} // namespace ashlar::process
