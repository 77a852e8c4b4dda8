// SPDX-License-Identifier: MIT
// A process by its folder in /proc, held open: once the process has ended, reading fails, also when its
// number has gone to another one.
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
    // There was such a process when this was made. It may be a thread's number too: the kernel lists only
    // processes but opens the folder of a thread as well.
    bool found() const { return folder_.open(); }
    bool is_alive() const; // a zombie still is
    // Becomes readable when the process ends (pidfd_open). Not open before Linux 5.3.
    machine::Descriptor end() const;

    // Small files as a whole, or nothing and the reason in errno.
    std::optional<std::string> read(const char* name) const;
    // Or not open, and the reason in errno. `mode` is O_RDONLY or O_RDWR, say.
    machine::Descriptor open(const char* name, int mode = 0) const;
    std::optional<uid_t> owner_of(const char* name) const;
    std::optional<std::string> link(const char* name) const; // what it leads to
    std::vector<pid_t> threads() const;

  private:
    pid_t process_;
    machine::Descriptor folder_;
};

// The processes of this machine that may be listed.
std::vector<pid_t> all_processes();

} // namespace ashlar::process
