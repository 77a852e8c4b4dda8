// SPDX-License-Identifier: MIT
#include "machine/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

namespace ashlar::machine {

void keep_standard_descriptors() {
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
        if (fcntl(number, F_GETFD) < 0) {
            // The lowest number that is free is this one. Opened the wrong way round: a read or write fails.
            const int direction = number == STDIN_FILENO ? O_WRONLY : O_RDONLY;
            static_cast<void>(open("/dev/null", direction | O_CLOEXEC));
        }
    }
}

} // namespace ashlar::machine
