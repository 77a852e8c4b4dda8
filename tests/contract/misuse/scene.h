// SPDX-License-Identifier: MIT
//
// Where a wrong thing is done: the block that it is about, the work around it, and memory that is no block.
#pragma once

#include "input.h"
#include "record.h"
#include "work.h"

#include <cstddef>
#include <cstdint>

namespace misuse {

struct Scene {
    Scene(const Input& input, Record& shared)
        : size(input.size), seed(input.seed), record(shared), work(input.seed, input.size, shared) {}

    const std::size_t size; // of the block
    const std::uint64_t seed;
    Record& record;
    Work work;
    char* block = nullptr;
    alignas(16) char on_stack[512] = {}; // the scene lies on the main thread's stack

    // The block, from `allocate`, between others of its size that live on.
    void put_in_row(void* (*allocate)(std::size_t));
    // Overwrites memory: with zeroes, letters or noise, by the seed.
    void scribble(char* start, std::size_t length) const;
    // To be called before the offence: it cannot be committed.
    void skip() const { record.skipped = true; }
};

struct Kind {
    const char* name;
    const char* description;
    void (*prepare)(Scene&); // all that is right, by the thread that owns the block
    void (*offend)(Scene&);  // what is wrong, by the thread that the input names
};

// Does it, with work before and after; returns when that is done, if it comes to that. Everything but exit().
void play(const Input& input, Record& record);

} // namespace misuse
