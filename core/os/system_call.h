// SPDX-License-Identifier: MIT
//
// System calls, made by this library's own instruction.
//
// Another library may replace the C library's mmap, madvise or write, and allocate or take a lock in them.
// Some are cancellation points too. So every system call of core/ uses make_system_call(), a hidden function
// that tests replace (--wrap=ashlar_system_call). os/bare_thread.cc makes two calls itself, because a new
// thread has no caller to return to. Results from -4095 to -1 are negative error numbers. errno is kept.
#pragma once

#include <type_traits>

namespace ashlar::os {

[[gnu::visibility("hidden")]] long make_system_call(long number, long a, long b, long c, long d, long e,
                                                    long f) asm("ashlar_system_call");

template <typename Argument>
long system_call_word(Argument argument) {
    if constexpr (std::is_null_pointer_v<Argument>) {
        return 0;
    } else if constexpr (std::is_pointer_v<Argument>) {
        return reinterpret_cast<long>(argument);
    } else {
        static_assert(std::is_integral_v<Argument> || std::is_enum_v<Argument>);
        return static_cast<long>(argument);
    }
}

template <typename... Arguments>
[[gnu::always_inline]] inline long system_call(long number, Arguments... arguments) {
    static_assert(sizeof...(arguments) <= 6);
    long words[6] = {system_call_word(arguments)...};
    return make_system_call(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

// Returns whether `result` is an error. Works for results that are addresses too.
inline bool failed(long result) {
    constexpr unsigned long kLargestError = 4095;
    return static_cast<unsigned long>(result) >= -kLargestError;
}

} // namespace ashlar::os
