// SPDX-License-Identifier: MIT
// The memory of a process, held open for reading and writing (/proc/PID/mem). It stays the memory of the
// program that ran when it was opened. Once that has ended or executed another one, nothing can be read or
// written. process_vm_writev goes by the process's number, and might write into whatever came in between.
#pragma once

#include "machine/descriptor.h"
#include "process/files.h"
#include "process/smaps.h"

#include <cstddef>

namespace ashlar::process {

class OpenMemory {
  public:
    explicit OpenMemory(const Files& process);

    bool open() const { return file_.open(); } // or not, and the reason in errno

    // All of it, or false and the reason in errno: ESRCH if the memory is gone, EFAULT if not all is mapped.
    bool read_bytes(Address address, void* to, std::size_t size) const;
    bool write_bytes(Address address, const void* from, std::size_t size) const;

  private:
    machine::Descriptor file_;
};

} // namespace ashlar::process
