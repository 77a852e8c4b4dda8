// SPDX-License-Identifier: MIT
//
// What is known of the memory that the code under test uses: who accessed each eight bytes, when, and from
// where.
//
// "When" is a vector clock per actor, joined where one actor acquires what another released. An access that
// is not ordered after another actor's conflicting one is a data race. Code without races need be interrupted
// at its atomic operations only, which is what makes searching all schedules feasible.
#pragma once

#include "plan.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace schedules {

using Clock = std::array<std::uint16_t, kMaxActors>;

struct Access {
    std::uint32_t place = 0; // in the program's image
    std::uint16_t when = 0;  // by the actor's own clock; 0: never
    std::uint8_t bytes = 0;  // which of the eight
};

struct Cell {
    std::array<Access, kMaxActors> reads{};
    std::array<Access, kMaxActors> writes{};
    Clock released{}; // by the last release of an atomic variable in these bytes
    Clock loaded{};   // when each actor last did so, atomically
    Clock stored{};
    bool watched = false; // an operation on it is a point at which others may go on
    bool told = false;    // that it should be
};

// Made when it is first asked for. A run inherits what the process that started it has.
Cell& cell_of(const volatile void* address);

class Ordering {
  public:
    void start();
    void acquire(unsigned actor, const Cell& cell);
    // What was released before stays so: a read-modify-write operation.
    void release_more(unsigned actor, Cell& cell);
    void release(unsigned actor, Cell& cell);
    static void release_nothing(Cell& cell) { cell.released = {}; } // a relaxed store
    void begin(unsigned actor, unsigned parent);                    // a thread that another one starts

    // Notes an atomic operation. True if it conflicts with another actor's and nothing orders the two.
    bool contend(unsigned actor, Cell& cell, bool write) const;

    // Notes a plain access; ends the run if it races with an earlier one.
    void access(unsigned actor, const volatile void* address, std::size_t size, bool write, Place place);

  private:
    void access_cell(unsigned actor, Cell& cell, Access now, bool write);

    std::array<Clock, kMaxActors> clocks_{};
};

} // namespace schedules
