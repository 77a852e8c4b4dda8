// SPDX-License-Identifier: MIT
#include "os/bare_thread.h"

#include "os/system_call.h"

#include <csignal>
#include <cstdint>
#include <cstring>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>

namespace ashlar::os {

namespace {

// Bytes of the thread area above the stack. The thread pointer points into its middle, because compilers read
// the stack protector's word near it.
constexpr std::size_t kThreadArea = 4096;

#if defined(__x86_64__)

long clone_bare(unsigned long flags, void* stack, void* thread_area, void (*function)()) {
    register long fourth asm("r10") = 0;
    register void* fifth asm("r8") = thread_area;
    register void (*kept)() asm("r12") = function;
    long result = SYS_clone;
    asm volatile("syscall\n\t"
                 "test %%rax, %%rax\n\t"
                 "jnz 1f\n\t"
                 "xor %%ebp, %%ebp\n\t" // marks the outermost frame
                 "call *%%r12\n\t"
                 "mov %[end], %%eax\n\t"
                 "xor %%edi, %%edi\n\t"
                 "syscall\n"
                 "1:"
                 : "+a"(result)
                 : "D"(flags), "S"(stack), "d"(0L), "r"(fourth), "r"(fifth), "r"(kept), [end] "i"(SYS_exit)
                 : "rcx", "r11", "memory");
    return result;
}

#elif defined(__aarch64__)

long clone_bare(unsigned long flags, void* stack, void* thread_area, void (*function)()) {
    register long call asm("x8") = SYS_clone;
    register unsigned long first asm("x0") = flags;
    register void* second asm("x1") = stack;
    register long third asm("x2") = 0;
    register void* fourth asm("x3") = thread_area;
    register long fifth asm("x4") = 0;
    register void (*kept)() asm("x19") = function;
    asm volatile("svc #0\n\t"
                 "cbnz x0, 1f\n\t"
                 "mov x29, #0\n\t"
                 "blr x19\n\t"
                 "mov x8, %[end]\n\t"
                 "mov x0, #0\n\t"
                 "svc #0\n"
                 "1:"
                 : "+r"(first), "+r"(call)
                 : "r"(second), "r"(third), "r"(fourth), "r"(fifth), "r"(kept), [end] "i"(SYS_exit)
                 : "memory");
    return static_cast<long>(first);
}

#else

long clone_bare(unsigned long /*flags*/, void* /*stack*/, void* /*thread_area*/, void (* /*function*/)()) {
    return -1;
}

#endif

void (*body)() = nullptr;

void close_all() {
    constexpr long kCloseRange = 436; // since Linux 5.9
    if (system_call(kCloseRange, 0, ~0U, 0) == 0) return;
    constexpr rlim_t kMost = 65536;
    rlimit limit{};
    system_call(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &limit);
    for (rlim_t i = 0; i < (limit.rlim_cur < kMost ? limit.rlim_cur : kMost); ++i)
        system_call(SYS_close, i);
}

// Closes the copies of the program's descriptors first. A copied end of a pipe would keep the pipe open.
void run() {
    close_all();
    body();
}

} // namespace

bool start_bare_thread(void (*function)(), void* memory) {
    char* const area = static_cast<char*>(memory) + kBareStack - kThreadArea;
    void* const pointer = area + kThreadArea / 2;
    std::memset(area, 0, kThreadArea);
    std::memcpy(pointer, &pointer, sizeof(pointer)); // on x86-64 the first word is its own address
    body = function;
    constexpr unsigned long kFlags =
        CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS;
    const std::uint64_t all = ~std::uint64_t{0};
    std::uint64_t before = 0;
    system_call(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof(before));
    const long thread = clone_bare(kFlags, area, pointer, run);
    system_call(SYS_rt_sigprocmask, SIG_SETMASK, &before, nullptr, sizeof(before));
    return thread > 0;
}

} // namespace ashlar::os
