// SPDX-License-Identifier: MIT
#include "os/possible_memory.h"

#include "os/page_memory.h"
#include "os/process.h"
#include "os/system_call.h"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <sys/uio.h>

namespace ashlar::os {

namespace {

constinit std::atomic<bool> copying_forbidden{false};

// Replaces memcpy: a sanitizer's memcpy would report the gaps between the variables of a stack.
[[gnu::no_sanitize_address, gnu::no_sanitize_thread]] void copy_bytes(void* to, const void* from,
                                                                      std::size_t size) {
    auto* target = static_cast<volatile unsigned char*>(to);
    const auto* source = static_cast<const volatile unsigned char*>(from);
    for (std::size_t i = 0; i < size; ++i)
        target[i] = source[i];
}

bool ask_and_copy(void* to, const void* from, std::size_t size) {
    const auto first = reinterpret_cast<std::uintptr_t>(from);
    const std::uintptr_t last = first + size - 1;
    const std::uintptr_t page = page_size();
    for (std::uintptr_t at = first & -page; at <= last; at += page) {
        if (!is_readable(reinterpret_cast<const void*>(at))) return false;
    }
    copy_bytes(to, from, size);
    return true;
}

} // namespace

bool copy_if_readable(void* to, const void* from, std::size_t size) {
    if (size == 0) return true;
    std::uintptr_t end = 0;
    if (__builtin_add_overflow(reinterpret_cast<std::uintptr_t>(from), size, &end)) return false;
    if (!copying_forbidden.load(std::memory_order_relaxed)) {
        const iovec target{to, size};
        const iovec source{const_cast<void*>(from), size};
        // Asks for the process number each time: a forked child has another number and another memory.
        const long copied = system_call(SYS_process_vm_readv, process_id(), &target, 1, &source, 1, 0);
        if (copied == static_cast<long>(size)) return true;
        if (copied != -EPERM && copied != -ENOSYS && copied != -EACCES) return false;
        copying_forbidden.store(true, std::memory_order_relaxed);
    }
    return ask_and_copy(to, from, size);
}

Memory look_for_memory(const void* address) {
    // Requeues none of no waiters if the word is 1. That reads the word and never changes anything.
    const auto word = reinterpret_cast<std::uintptr_t>(address) & ~std::uintptr_t{3};
    const long result = system_call(SYS_futex, word, FUTEX_CMP_REQUEUE_PRIVATE, 0, 0, word, 1);
    if (result == 0 || result == -EAGAIN) return Memory::kReadable;
    return result == -EFAULT ? Memory::kNone : Memory::kUnknown;
}

bool is_readable(const void* address) {
    return look_for_memory(address) == Memory::kReadable;
}

} // namespace ashlar::os
