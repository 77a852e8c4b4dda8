// SPDX-License-Identifier: MIT
#include "os/system_call.h"

#if !defined(__x86_64__) && !defined(__aarch64__)
#include <cerrno>
#include <unistd.h>
#endif

namespace ashlar::os {

#if defined(__x86_64__)

long make_system_call(long number, long a, long b, long c, long d, long e, long f) {
    register long fourth asm("r10") = d;
    register long fifth asm("r8") = e;
    register long sixth asm("r9") = f;
    long result = number;
    asm volatile("syscall"
                 : "+a"(result)
                 : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
                 : "rcx", "r11", "memory");
    return result;
}

#elif defined(__aarch64__)

long make_system_call(long number, long a, long b, long c, long d, long e, long f) {
    register long call asm("x8") = number;
    register long first asm("x0") = a;
    register long second asm("x1") = b;
    register long third asm("x2") = c;
    register long fourth asm("x3") = d;
    register long fifth asm("x4") = e;
    register long sixth asm("x5") = f;
    asm volatile("svc #0"
                 : "+r"(first)
                 : "r"(call), "r"(second), "r"(third), "r"(fourth), "r"(fifth), "r"(sixth)
                 : "memory");
    return first;
}

#else

// Uses the C library's function on other processors.
long make_system_call(long number, long a, long b, long c, long d, long e, long f) {
    const int saved = errno;
    long result = ::syscall(number, a, b, c, d, e, f);
    if (result == -1) result = -errno;
    errno = saved;
    return result;
}

#endif

} // namespace ashlar::os
