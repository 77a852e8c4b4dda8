// SPDX-License-Identifier: MIT
#include "os/page_attributes.h"

#include "os/page_locks.h"
#include "os/page_memory.h"
#include "os/system_call.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>

namespace ashlar::os {

namespace {

constexpr std::array kNoAdvice{MADV_DOFORK, MADV_KEEPONFORK};

// Asks the kernel to lengthen the range in place, over an existing mapping. The kernel always refuses: with
// EFAULT if the range is several mappings, otherwise because of the obstacle or a limit.
bool is_refused_for_what_follows(void* start, std::size_t size, std::size_t longer) {
    const long result = system_call(SYS_mremap, start, size, longer, 0);
    return result == -ENOMEM || result == -EAGAIN;
}

} // namespace

// The obstacle is the initial stack.
bool is_one_mapping(void* start, std::size_t size) {
    const auto first = reinterpret_cast<std::uintptr_t>(start);
    const std::uintptr_t in_stack = ::getauxval(AT_RANDOM);
    return in_stack >= first + size && is_refused_for_what_follows(start, size, in_stack + 1 - first);
}

// The obstacle is the last page.
bool is_one_mapping_but_for_last_page(void* start, std::size_t size) {
    return is_refused_for_what_follows(start, size - page_size(), size);
}

bool reset_attributes(void* start, std::size_t size) {
    if (!commit(start, size)) return false;
    for (const int advice : kNoAdvice)
        system_call(SYS_madvise, start, size, advice);
    if (any_locked(start, size)) unlock(start, size);
    return true;
}

} // namespace ashlar::os
