// SPDX-License-Identifier: MIT
//
// How a stress program ends: fail() prints what was wrong and how to repeat it, and aborts; finish() prints
// one line. Neither allocates, so both work from any state of the heap.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace common {

inline std::uint64_t run_seed = 0;                  // set once, before any thread is started
inline thread_local unsigned current_thread = 0;    // the program's own numbering
inline thread_local std::uint64_t current_step = 0; // what that thread is at

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

// The status that ctest takes as "did not run".
inline constexpr int kSkipped = 77;

} // namespace common
