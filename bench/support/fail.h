// SPDX-License-Identifier: MIT
// The way out when a run cannot go on: a message on stderr and an exit status, from any thread. Nothing is
// torn down, as other threads may be in the middle of their work.
#pragma once

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace bench {

inline constexpr int kRunFailed = 1;
inline constexpr int kBadArguments = 2;

[[noreturn, gnu::cold, gnu::format(printf, 2, 3)]] inline void fail(int status, const char* format, ...) {
    std::va_list arguments;
    va_start(arguments, format);
    std::vfprintf(stderr, format, arguments);
    va_end(arguments);
    std::fflush(stdout);
    std::_Exit(status);
}

} // namespace bench
