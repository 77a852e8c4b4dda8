// SPDX-License-Identifier: MIT
//
// Checks how a child process ends.
#pragma once

#include "report.h"

#include <cerrno>
#include <cstring>
#include <sys/wait.h>

namespace common {

// Waits for a child of this process. The child must exit with status 0.
inline void require_success(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) != child) {
        if (errno != EINTR) fail("waitpid: %s", std::strerror(errno));
    }
    if (WIFSIGNALED(status)) fail("child %d was ended by signal %d", child, WTERMSIG(status));
    if (WEXITSTATUS(status) != 0) fail("child %d exited with status %d", child, WEXITSTATUS(status));
}

} // namespace common
