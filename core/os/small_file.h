// SPDX-License-Identifier: MIT
//
// Reads the beginning of a small file of the kernel, without stdio or allocation.
#pragma once

#include "os/system_call.h"

#include <cstddef>
#include <fcntl.h>
#include <string_view>
#include <sys/syscall.h>

namespace ashlar::os {

// Returns the part of `text` that was read. Empty if the file cannot be read.
template <std::size_t kSize>
std::string_view read_small_file(const char* path, char (&text)[kSize]) {
    const long file = system_call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    long length = 0;
    if (file >= 0) {
        length = system_call(SYS_read, file, text, kSize);
        system_call(SYS_close, file);
    }
    return {text, length > 0 ? static_cast<std::size_t>(length) : 0};
}

} // namespace ashlar::os
