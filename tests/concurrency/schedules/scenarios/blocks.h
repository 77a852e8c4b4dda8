// SPDX-License-Identifier: MIT
//
// Parts of scenarios: blocks that carry their owner's mark, events, and the state of the heap after every
// block was given back.
#pragma once

#include "../scheduler.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace schedules {

// Writes a word with the key into each page of the block (for a large block, into some pages), and at its
// end. So a second owner of the memory, or a loss of its contents, is detected.
void mark(void* block, std::size_t size, std::uint64_t key);
void require_marked(const void* block, std::size_t size, std::uint64_t key);

// Take and give a block through the calling thread's cache. give() requires the mark of take().
void* take(std::size_t size, std::uint64_t key);
void give(void* block, std::size_t size, std::uint64_t key);

class Event {
  public:
    void signal();
    void wait();

  private:
    std::atomic<std::uint32_t> happened_{0};
};

// Requires that every lock is free, that no block or slice is missing, and that only this thread has a cache.
// Call it after the scenario has given back every block.
void require_empty_heap();

} // namespace schedules
