// SPDX-License-Identifier: MIT
//
// Interrupts a thread by its own timer at any point, mostly inside the allocator. The handler calls functions
// that POSIX allows in a handler. Sometimes it yields or sleeps, so that other threads meet the locks that
// the interrupted function holds.
#pragma once

#include "board.h"
#include "common/random.h"

#include <optional>
#include <utility>

namespace soak {

// Call it once, before the first thread is started.
void install_interruption_handler();

// Interrupts the calling thread while the object lives.
class Interruptions {
  public:
    explicit Interruptions(common::Random& random);
    ~Interruptions();
    Interruptions(const Interruptions&) = delete;
    Interruptions& operator=(const Interruptions&) = delete;

  private:
    void* timer_ = nullptr; // a timer_t
};

// Spares half of the threads. A thread that waits for a lock retries it after an interruption, which would
// hide a missing wake-up.
inline std::optional<Interruptions> perhaps_interrupted(common::Random& random) {
    if (random.chance(50)) return std::optional<Interruptions>(std::in_place, random);
    return std::nullopt;
}

} // namespace soak
