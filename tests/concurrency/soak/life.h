// SPDX-License-Identifier: MIT
//
// What a thread does. It allocates, resizes, checks and releases its blocks, and takes over blocks that
// others passed on. It trims, changes settings, goes to meetings, and lends its blocks to a guest thread for
// a while. It forks children that check their inherited blocks and continue with them. All contents are
// checked.
#pragma once

#include "board.h"
#include "common/model.h"
#include "common/random.h"

#include <cstddef>
#include <cstdint>

namespace soak {

class Life {
  public:
    explicit Life(std::uint64_t seed);

    // Ends early when the board says so. The caller has a place.
    void live(std::uint64_t steps);
    // Passes all blocks on or releases them.
    void leave();

  private:
    using Block = common::Block;
    using Visit = void (Life::*)();
    struct Guest;

    void step();
    void do_with(std::size_t slot, Activity activity);
    common::Operation operation_for(std::size_t slot, Activity activity);
    common::Operation allocation(std::size_t slot, std::size_t size);
    std::size_t size();
    std::size_t other_size(const Block& block);
    void change_setting();
    void go_to_meeting(std::size_t wanted);
    // Lets another thread make the visit, and waits.
    void host(Visit visit);
    static void* be_guest(void* guest);
    void live_some();
    void look_at_heap();
    void fork_child();
    [[noreturn]] void live_as_child(Place& place);
    void go_on_as_child();
    void release_all();

    common::Random random_;
    common::Model model_;
    unsigned depth_ = 0; // threads and processes between this one and a resident thread
    bool in_child_ = false;
};

// Releases passed-on blocks that no thread has taken. A forked child owns its copies.
void release_passed_on();

} // namespace soak
