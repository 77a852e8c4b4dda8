// SPDX-License-Identifier: MIT
//
// Blocks of the size classes between their release and the next time that they are handed out. They wait in
// every thread's quarantine, and in those that ended threads have left for the next ones.
//
// Where a thread has enough of them, one that waits is handed out again without a way through the heap,
// whichever shard it is of. Hold no lock: what leaves is looked at, and what was written to after its release
// is reported.
#pragma once

#include "guard/poison.h"
#include "guard/quarantine.h"
#include "os/mutex.h"

namespace ashlar::guard::waiting_blocks {

[[gnu::visibility("hidden")]] extern constinit thread_local Quarantine* mine;

void add_slowly(void* block, layout::SizeClass c);
void add_without_room(void* block, layout::SizeClass c); // when the rest of add() is done

// The block is poisoned and waits from now on. Of it nothing may be read any more.
[[gnu::always_inline]] inline void add(void* block, layout::SizeClass c) {
    Quarantine* const quarantine = mine;
    if (quarantine != nullptr && quarantine->may_come(c)) [[likely]] {
        poison::fill(block, layout::class_size(c), poison::Extent::kEnds);
        if (!quarantine->takes_room(c)) [[unlikely]]
            return add_without_room(block, c);
        return quarantine->put_in_its_room(WaitingBlock(block, c, false));
    }
    add_slowly(block, c);
}

// enough(): so much waits that one of the class may be handed out again. enough_of_class(): one may, because
// the class has no room for more.
[[gnu::always_inline]] inline bool enough(layout::SizeClass c) {
    const Quarantine* const quarantine = mine;
    return quarantine != nullptr && quarantine->may_leave(c);
}
inline bool enough_of_class(layout::SizeClass c) {
    return mine != nullptr && mine->has_long_shelf(c);
}

// Any of them, which waits no longer. It is the caller's to check.
[[gnu::always_inline]] inline WaitingBlock take(layout::SizeClass c) {
    return mine->take(c);
}

// What check() finds out, as far as that is quick: false means that it has to be called.
[[gnu::always_inline]] inline bool is_intact_at_ends(WaitingBlock waiting) {
    return !waiting.whole() &&
           poison::intact(waiting.block_if_not_whole(), waiting.size(), poison::Extent::kEnds);
}
// Reports what was written to a block that waited.
void check(WaitingBlock waiting);
// Whether the last bytes of a block say that it waits, or did and is the heap's.
bool seems_to_wait(const void* block, layout::SizeClass c);

// Returns what waits in the calling thread's quarantine, and what ended threads have left, to the heap; true
// if there was something.
bool return_all();

// The calling thread will have no quarantine any more. What is in its own is looked at.
void end_thread();

std::size_t bytes(); // that wait, of all threads

os::Mutex<os::Rank::kQuarantine>& mutex();
void survive_fork(); // in the child, after the lock was reset: what waited for other threads is lost

} // namespace ashlar::guard::waiting_blocks
