// SPDX-License-Identifier: MIT
//
// The library's calls into the system that can fail, and how each can fail.
//
// Lists only errors that the kernel or the C library gives for the call as the library makes it. EPERM and
// EINVAL stand for a filter that refuses the call. The list leaves out close, rt_sigprocmask, waking a futex
// and the clock. It also leaves out madvise(MADV_NORMAL), with which the library asks whether addresses are
// mapped. These fail only on a broken system.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace faults {

enum class Call : std::uint8_t {
    kMap,      // mmap of free addresses
    kMapOver,  // mmap over existing mappings
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
    int error = 0;       // 0 for none
    bool unmaps = false; // the kernel had unmapped the addresses before it failed
};

struct CallKind {
    const char* name;
    std::array<Failure, 6> failures; // entries with an error
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
