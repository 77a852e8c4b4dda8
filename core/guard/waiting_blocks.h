// SPDX-License-Identifier: MIT
//
// Blocks of the size classes between release and reuse. They wait in the quarantine of each thread, and in
// quarantines that ended threads left for new ones.
//
// If a thread has enough of them, a waiting block of any shard is handed out again without the heap. The
// caller holds no lock, because leaving blocks are checked and writes after free are reported.
#pragma once

#include "guard/poison.h"
#include "guard/quarantine.h"
#include "os/mutex.h"

namespace ashlar::guard::waiting_blocks {

[[gnu::visibility("hidden")]] extern constinit thread_local Quarantine* mine;

void add_slowly(void* block, layout::SizeClass c);
void add_without_room(void* block, layout::SizeClass c); // completes add() if there is no room

// Poisons the block, which waits from now on. Its contents must not be read afterwards.
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

// Return whether a block may be handed out again: because enough bytes wait, or because its shelf is long.
[[gnu::always_inline]] inline bool enough(layout::SizeClass c) {
    const Quarantine* const quarantine = mine;
    return quarantine != nullptr && quarantine->may_leave(c);
}
inline bool enough_of_class(layout::SizeClass c) {
    return mine != nullptr && mine->has_long_shelf(c);
}

// Takes a random waiting block of the class. The caller must check it.
[[gnu::always_inline]] inline WaitingBlock take(layout::SizeClass c) {
    return mine->take(c);
}

// Does a fast part of check(). If false, check() must be called.
[[gnu::always_inline]] inline bool is_intact_at_ends(WaitingBlock waiting) {
    return !waiting.whole() &&
           poison::intact(waiting.block_if_not_whole(), waiting.size(), poison::Extent::kEnds);
}
// Reports a write to a waiting block.
void check(WaitingBlock waiting);
// Returns whether the last bytes of a block show that it waits, or waited and is back in the heap.
bool seems_to_wait(const void* block, layout::SizeClass c);

// Returns all blocks in the calling thread's quarantine, and in those of ended threads, to the heap. Returns
// false if there were none.
bool return_all();

// Ends the calling thread's quarantine and checks its blocks.
void end_thread();

std::size_t bytes(); // bytes that wait, of all threads

os::Mutex<os::Rank::kQuarantine>& mutex();
// Repairs the lists in a forked child, after the lock was reset. Blocks that waited for other threads are
// lost.
void survive_fork();

} // namespace ashlar::guard::waiting_blocks
