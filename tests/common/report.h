// SPDX-License-Identifier: MIT
//
// Ends a stress program. fail() prints the error and how to repeat it, and aborts. finish() prints one line.
// Neither function allocates, so both work in any state of the heap.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace common {

inline std::uint64_t run_seed = 0;                  // set once, before any thread starts
inline thread_local unsigned current_thread = 0;    // the program's own number of the thread
inline thread_local std::uint64_t current_step = 0; // current step of that thread

[[noreturn, gnu::format(printf, 1, 2)]] inline void fail(const char* format, ...) {
    char text[512];
    va_list values;
    va_start(values, format);
    std::vsnprintf(text, sizeof text, format, values);
    va_end(values);
    std::fprintf(stderr, "FAILED: %s (seed %llu, thread %u, step %llu)\n", text,
                 static_cast<unsigned long long>(run_seed), current_thread,
                 static_cast<unsigned long long>(current_step));
    std::abort();
}

// Exit status that ctest reports as "not run".
inline constexpr int kSkipped = 77;

} // namespace common
