// SPDX-License-Identifier: MIT
#include "old_kernel.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>

namespace {

enum class Kernel : unsigned char { kUnknown, kThis, kWithinMappings, kNoMoves };

// The first call may come before this file's dynamic initialisation.
Kernel kernel() {
    static constinit std::atomic<Kernel> known{Kernel::kUnknown};
    Kernel answer = known.load(std::memory_order_relaxed);
    if (answer != Kernel::kUnknown) return answer;
    const char* const wanted = std::getenv(faults::kKernelVariable);
    answer = wanted == nullptr                  ? Kernel::kThis
             : std::strcmp(wanted, "6.16") == 0 ? Kernel::kWithinMappings
             : std::strcmp(wanted, "5.6") == 0  ? Kernel::kNoMoves
                                                : Kernel::kUnknown;
    if (answer == Kernel::kUnknown) std::abort();
    known.store(answer, std::memory_order_relaxed);
    return answer;
}

} // namespace

constinit faults::Moves faults::moves;

extern "C" {

long __real_ashlar_system_call(long number, long a, long b, long c, long d, long e, long f);

// Returns whether the pages lie in one mapping. Asks the kernel to lengthen them over the stack: it answers
// EFAULT if they lie in several, and otherwise that there is no room.
static bool is_one_mapping(long start, long size) {
    const auto stack = static_cast<long>(::getauxval(AT_RANDOM) / 4096 * 4096);
    return __real_ashlar_system_call(SYS_mremap, start, size, stack + 4096 - start, 0, 0, 0) != -EFAULT;
}

long __wrap_ashlar_system_call(long number, long a, long b, long c, long d, long e, long f) {
    const bool moves = number == SYS_mremap && (d & MREMAP_FIXED) != 0;
    if (moves && kernel() == Kernel::kNoMoves) return -EINVAL;
    if (moves && kernel() == Kernel::kWithinMappings && !is_one_mapping(a, b)) {
        __real_ashlar_system_call(SYS_munmap, e, c, 0, 0, 0, 0);
        faults::moves.refused.fetch_add(1, std::memory_order_relaxed);
        return -EFAULT;
    }
    const long result = __real_ashlar_system_call(number, a, b, c, d, e, f);
    if (moves && result == e) {
        faults::moves.done.fetch_add(1, std::memory_order_relaxed);
        if (faults::moves.refused.load(std::memory_order_relaxed) != 0)
            faults::moves.done_after.fetch_add(1, std::memory_order_relaxed);
    }
    return result;
}

} // extern "C"
