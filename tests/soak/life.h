// SPDX-License-Identifier: MIT
//
// What a thread does: it allocates, resizes, checks and releases blocks of its own, takes over what others
// passed on, trims, changes settings, lends its blocks to a guest thread for a while, and forks children that
// go on with what they have inherited. All contents are checked.
#pragma once

#include "board.h"
#include "checked_calls.h"
#include "random.h"

#include <array>
#include <cstdint>

namespace soak {

class Life {
  public:
    explicit Life(std::uint64_t seed) : random_(seed) {}

    // Ends early when the board says so. Whoever calls it has a place.
    void live(std::uint64_t steps);
    // Passes blocks on or releases them; none is left.
    void leave();

    stress::Random& random() { return random_; }

  private:
    using Block = stress::Block;

    void step();
    void do_with(Block& block, Activity activity);
    std::size_t size();
    std::size_t other_size(const Block& block);
    void pass_on(Block& block);
    void change_setting();
    void host_guest();
    void fork_child();
    [[noreturn]] void live_as_child(Place& place);
    void release_all();

    stress::Random random_;
    stress::NoObserver nobody_;
    stress::CheckedCalls<> calls_{random_, nobody_};
    std::array<Block, 100> blocks_;
    unsigned depth_ = 0; // threads and processes between this and a resident thread
    bool in_child_ = false;
};

// Blocks that are passed on and not taken over yet. In a forked child they are the child's.
void release_passed_on();

} // namespace soak
