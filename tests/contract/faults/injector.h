// SPDX-License-Identifier: MIT
//
// Which of the library's calls into the system fail.
//
// The plan comes from the process that started this one, because the first calls are made before main. Both
// map one sheet of memory. It also tells afterwards, even of a process that crashed, what was called and what
// failed. Counted are the calls of the kinds that the plan names; the first has number 0. Thread-safe.
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
    std::uint64_t first = kNever;    // the first call that fails
    std::uint64_t count = 1;         // so many in a row
    std::uint32_t per_million = 0;   // and besides, each call with this probability
    std::uint32_t calls = kAllCalls; // bit c: Call c may fail
    std::uint64_t seed = 0;          // of what is left to chance
    bool unmaps = true;              // by chance too, failures that unmap first
    unsigned failure = 0; // which one of the call's; the process ends with kNoSuchFailure if there is none
};

inline constexpr int kNoSuchFailure = 4; // exit status

struct Sheet {
    Plan plan;
    std::atomic<bool> over{false}; // from now on nothing fails
    std::atomic<std::uint64_t> calls{0};
    std::atomic<std::uint64_t> failures{0};
    std::atomic<std::uint64_t> refusals{0}; // of memory, to the trace
    std::array<std::atomic<std::uint64_t>, kCalls> calls_of{};
    std::atomic<unsigned> last_call{0}; // of those that failed
    std::atomic<int> last_error{0};
};

// The environment variable with the descriptor of the sheet's file; without it nothing fails.
inline constexpr const char* kSheetVariable = "ASHLAR_TEST_FAULTS";

Sheet& sheet();

// Called for each call; {0, false}: it is to be made. So is whatever a thread calls after a failure that
// unmapped: the kernel has just got back what it takes to map that again.
Failure decide(Call call);

// How many of this thread's calls have failed.
std::uint64_t failures_here();

// As long as one lives, this thread's calls neither fail nor count.
class Exempt {
  public:
    Exempt();
    ~Exempt();
    Exempt(const Exempt&) = delete;
    Exempt& operator=(const Exempt&) = delete;
};

} // namespace faults
