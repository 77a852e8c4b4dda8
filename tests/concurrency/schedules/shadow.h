// SPDX-License-Identifier: MIT
//
// The accesses to the memory of the code under test: which actor accessed each 8 bytes, when, and from where.
//
// "When" is a vector clock per actor, joined where one actor acquires what another released. An access that
// is not ordered after another actor's conflicting access is a data race. Code without races need be
// interrupted only at its atomic operations. That makes it feasible to search all schedules.
#pragma once

#include "plan.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace schedules {

using Clock = std::array<std::uint16_t, kMaxActors>;

struct Access {
    std::uint32_t place = 0; // offset in the program's image
    std::uint16_t when = 0;  // the actor's own clock; 0 for never
    std::uint8_t bytes = 0;  // a bit for each of the 8 bytes
};

struct Cell {
    std::array<Access, kMaxActors> reads{};
    std::array<Access, kMaxActors> writes{};
    Clock released{}; // clock of the last release of an atomic variable in these bytes
    Clock loaded{};   // the last atomic load of each actor
    Clock stored{};
    bool watched = false; // operations on it are points
    bool told = false;    // the run has reported it as contended
};

// Returns the cell of `address`, and makes it at the first call. A run inherits the cells of the process that
// forked it.
Cell& cell_of(const volatile void* address);

class Ordering {
  public:
    void start();
    void acquire(unsigned actor, const Cell& cell);
    // Adds to the earlier releases, for a read-modify-write operation.
    void release_more(unsigned actor, Cell& cell);
    void release(unsigned actor, Cell& cell);
    static void release_nothing(Cell& cell) { cell.released = {}; } // a relaxed store
    void begin(unsigned actor, unsigned parent);                    // `parent` starts the thread

    // Notes an atomic operation. Returns true if it conflicts with an unordered operation of another actor.
    bool contend(unsigned actor, Cell& cell, bool write) const;

    // Notes a plain access. Ends the run if it races with an earlier access.
    void access(unsigned actor, const volatile void* address, std::size_t size, bool write, Place place);

  private:
    void access_cell(unsigned actor, Cell& cell, Access now, bool write);

    std::array<Clock, kMaxActors> clocks_{};
};

} // namespace schedules
