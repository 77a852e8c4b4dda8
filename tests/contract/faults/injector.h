// SPDX-License-Identifier: MIT
//
// Decides which of the library's system calls fail.
//
// The parent process makes the plan, because the first calls happen before main. Both processes map the same
// sheet of memory. The sheet also shows what was called and what failed after a crash. Only calls of the
// kinds in the plan count; the first has number 0. Thread-safe.
#pragma once

#include "calls.h"

#include <array>
#include <atomic>
#include <cstdint>

namespace faults {

inline constexpr std::uint64_t kNever = ~std::uint64_t{0};
inline constexpr std::uint32_t kAllCalls = (std::uint32_t{1} << kCalls) - 1;
inline constexpr unsigned kAnyFailure = ~0U;
inline constexpr std::uint32_t kCertain = 1'000'000;

struct Plan {
    std::uint64_t first = kNever;    // number of the first call that fails
    std::uint64_t count = 1;         // calls in a row that fail
    std::uint32_t per_million = 0;   // probability that any other call fails
    std::uint32_t calls = kAllCalls; // bit c: the call c may fail
    std::uint64_t seed = 0;          // seed of the random choices
    bool unmaps = true;              // random failures may unmap first
    unsigned failure = 0; // index of the failure; the process ends with kNoSuchFailure if there is none
};

inline constexpr int kNoSuchFailure = 4; // exit status

struct Sheet {
    Plan plan;
    std::atomic<bool> over{false}; // no call fails afterwards
    std::atomic<std::uint64_t> calls{0};
    std::atomic<std::uint64_t> failures{0};
    std::atomic<std::uint64_t> refusals{0}; // memory refused to the trace
    std::array<std::atomic<std::uint64_t>, kCalls> calls_of{};
    std::atomic<unsigned> last_call{0}; // the last call that failed
    std::atomic<int> last_error{0};
};

// Names the environment variable with the file descriptor of the sheet. Without it no call fails.
inline constexpr const char* kSheetVariable = "ASHLAR_TEST_FAULTS";

Sheet& sheet();

// Returns how `call` fails, or {0, false} if the caller must make it. Calls of a thread right after a failure
// that unmapped do not fail: the kernel just got back what it needs to map that again.
Failure decide(Call call);

// Returns the number of this thread's calls that have failed.
std::uint64_t failures_here();

// Exempts this thread's calls from failing and from the count while the object lives.
class Exempt {
  public:
    Exempt();
    ~Exempt();
    Exempt(const Exempt&) = delete;
    Exempt& operator=(const Exempt&) = delete;
};

} // namespace faults
