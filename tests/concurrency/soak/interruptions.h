// SPDX-License-Identifier: MIT
//
// A thread that is interrupted by a timer of its own, wherever it is, mostly inside of the allocator. The
// handler calls what POSIX allows a handler to call. Sometimes it lets others run or sleeps, so that they
// meet the locks that the interrupted function holds.
#pragma once

#include "board.h"
#include "common/random.h"

#include <optional>
#include <utility>

namespace soak {

// Once, before the first thread is started.
void install_interruption_handler();

// Of the calling thread.
class Interruptions {
  public:
    explicit Interruptions(common::Random& random);
    ~Interruptions();
    Interruptions(const Interruptions&) = delete;
    Interruptions& operator=(const Interruptions&) = delete;

  private:
    void* timer_ = nullptr; // a timer_t
};

// Half of the threads are left alone. One that waits for a lock looks at it again after an interruption, and
// would not show that nobody wakes it.
inline std::optional<Interruptions> perhaps_interrupted(common::Random& random) {
    if (random.chance(50)) return std::optional<Interruptions>(std::in_place, random);
    return std::nullopt;
}

} // namespace soak
