// SPDX-License-Identifier: MIT
#include "os/memory_barrier.h"

#include "os/system_call.h"

#include <atomic>
#include <cerrno>
#include <linux/membarrier.h>
#include <sys/syscall.h>

namespace ashlar::os {

namespace {

constinit std::atomic<bool> refused{false};

long membarrier(int command) {
    return system_call(SYS_membarrier, command, 0, 0);
}

} // namespace

bool barriers_are_refused() {
    return refused.load(std::memory_order_relaxed);
}

bool barrier_in_all_threads() {
    if (barriers_are_refused()) return false;
    long result = membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    if (result == -EPERM && membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0) {
        result = membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    }
    if (result != 0) refused.store(true, std::memory_order_relaxed);
    return result == 0;
}

} // namespace ashlar::os
