// SPDX-License-Identifier: MIT
//
// The beginning of a small file of the kernel's, without stdio or allocation. By system calls, not by libc's
// functions: those are cancellation points, which malloc is not. Keeps errno.
#pragma once

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <string_view>
#include <sys/syscall.h>
#include <unistd.h>

namespace ashlar::os {

// Empty if it cannot be read.
template <std::size_t kSize>
std::string_view read_small_file(const char* path, char (&text)[kSize]) {
    const int saved = errno;
    const auto file = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC));
    long length = 0;
    if (file >= 0) {
        length = ::syscall(SYS_read, file, text, kSize);
        ::syscall(SYS_close, file);
    }
    errno = saved;
    return {text, length > 0 ? static_cast<std::size_t>(length) : 0};
}

} // namespace ashlar::os
