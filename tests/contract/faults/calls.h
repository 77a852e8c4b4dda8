// SPDX-License-Identifier: MIT
//
// The calls of the library into the system that can be made to fail, and how each can fail.
//
// Only errors that the kernel (or the C library) gives for the call as the library makes it. EPERM or EINVAL
// come where a filter on system calls is what refuses. Nothing but a broken system lets some calls fail. So
// close, rt_sigprocmask, waking a futex and the clock are left out, and madvise(MADV_NORMAL), with which the
// library asks whether addresses are mapped.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace faults {

enum class Call : std::uint8_t {
    kMap,      // mmap where there is nothing
    kMapOver,  // mmap in the place of what is there
    kUnmap,    // munmap
    kProtect,  // mprotect
    kAdvise,   // madvise
    kMove,     // mremap
    kBind,     // mbind
    kOpen,     // openat
    kRead,     // read
    kName,     // prctl
    kAffinity, // sched_getaffinity
    kWait,     // futex
    kNode,     // getcpu
    kThread,   // pthread_create
    kKey,      // pthread_key_create
    kSetKey,   // pthread_setspecific
    kFallback, // the C library's malloc, calloc, memalign; realloc to a larger size
};
inline constexpr std::size_t kCalls = 17;

struct Failure {
    int error = 0;       // 0: none
    bool unmaps = false; // the kernel had unmapped the addresses before it failed
};

struct CallKind {
    const char* name;
    std::array<Failure, 6> failures; // those with an error
};

inline constexpr std::array<CallKind, kCalls> kKinds{{
    {"mmap", {{{ENOMEM}, {EAGAIN}, {EPERM}, {EINVAL}}}},
    {"mmap(MAP_FIXED)", {{{ENOMEM}, {ENOMEM, true}, {EAGAIN}, {EPERM}, {EINVAL}}}},
    {"munmap", {{{ENOMEM}, {EPERM}, {EINVAL}}}},
    {"mprotect", {{{ENOMEM}, {EPERM}, {EINVAL}}}},
    {"madvise", {{{ENOMEM}, {EAGAIN}, {EPERM}, {EINVAL}}}},
    {"mremap", {{{ENOMEM}, {ENOMEM, true}, {EAGAIN}, {EFAULT, true}, {EPERM}, {EINVAL}}}},
    {"mbind", {{{ENOMEM}, {EPERM}, {EINVAL}}}},
    {"openat", {{{ENOMEM}, {EPERM}}}},
    {"read", {{{EAGAIN}, {EPERM}, {EINVAL}}}},
    {"prctl", {{{EPERM}, {EINVAL}}}},
    {"sched_getaffinity", {{{EPERM}, {EINVAL}}}},
    {"futex(FUTEX_WAIT)", {{{EAGAIN}}}},
    {"getcpu", {{{EPERM}}}},
    {"pthread_create", {{{EAGAIN}, {EPERM}}}},
    {"pthread_key_create", {{{EAGAIN}, {ENOMEM}}}},
    {"pthread_setspecific", {{{ENOMEM}}}},
    {"the fallback", {{{ENOMEM}}}},
}};

inline const CallKind& kind_of(Call call) {
    return kKinds[static_cast<std::size_t>(call)];
}

} // namespace faults
