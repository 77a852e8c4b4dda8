// SPDX-License-Identifier: MIT
//
// What scenarios are made of: blocks that say whose they are, and events. And the state that the heap must be
// in when everything has been given back.
#pragma once

#include "../scheduler.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace schedules {

// Writes a word with the key into each of the system's pages of the block (of a large one into some), and at
// its end. So whoever holds the same memory, or drops its contents, is found out.
void mark(void* block, std::size_t size, std::uint64_t key);
void require_marked(const void* block, std::size_t size, std::uint64_t key);

// From the calling thread's cache. A block that is given must still be marked as it was.
void* take(std::size_t size, std::uint64_t key);
void give(void* block, std::size_t size, std::uint64_t key);

class Event {
  public:
    void signal();
    void wait();

  private:
    std::atomic<std::uint32_t> happened_{0};
};

// Every lock is free, no block is missing and no slice, and of all threads this one alone has a cache. To be
// called when the scenario has given back every block.
void require_empty_heap();

} // namespace schedules
