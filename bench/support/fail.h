// SPDX-License-Identifier: MIT
// Ends a run that cannot continue, with a message on stderr and an exit status, from any thread. Nothing is
// destroyed, because other threads may be at work.
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
