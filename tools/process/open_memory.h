// SPDX-License-Identifier: MIT
// The memory of a process, held open for reading and writing (/proc/PID/mem). It belongs to the program that
// ran when it was opened. Access fails once that program has ended or executed another. process_vm_writev
// takes the number of a process, so it might write into a later process of that number.
#pragma once

#include "machine/descriptor.h"
#include "process/files.h"
#include "process/smaps.h"

#include <cstddef>

namespace ashlar::process {

class OpenMemory {
  public:
    explicit OpenMemory(const Files& process);

    bool open() const { return file_.open(); } // false: the reason is in errno

    // Move all `size` bytes, or return false. errno is ESRCH if the memory is gone, EFAULT if it is unmapped.
    bool read_bytes(Address address, void* to, std::size_t size) const;
    bool write_bytes(Address address, const void* from, std::size_t size) const;

  private:
    machine::Descriptor file_;
};

} // namespace ashlar::process
