// SPDX-License-Identifier: MIT
#include "process/open_memory.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace ashlar::process {

namespace {

// Returns whether a call moved all `size` bytes, else sets errno. 0 bytes mean that the memory is gone.
bool is_whole(ssize_t moved, std::size_t size) {
    if (moved == static_cast<ssize_t>(size)) {
        return true;
    }
    if (moved == 0) {
        errno = ESRCH;
    } else if (moved > 0 || errno == EIO || errno == EINVAL) {
        errno = EFAULT;
    }
    return false;
}

} // namespace

OpenMemory::OpenMemory(const Files& process) : file_(process.open("mem", O_RDWR)) {}

bool OpenMemory::read_bytes(Address address, void* to, std::size_t size) const {
    return is_whole(pread(file_.number(), to, size, static_cast<off_t>(address)), size);
}

bool OpenMemory::write_bytes(Address address, const void* from, std::size_t size) const {
    return is_whole(pwrite(file_.number(), from, size, static_cast<off_t>(address)), size);
}

} // namespace ashlar::process
