// SPDX-License-Identifier: MIT
//
// The scene of a misuse: the block concerned, the work around it, and memory that is no block.
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

    const std::size_t size; // size of the block, in bytes
    const std::uint64_t seed;
    Record& record;
    Work work;
    char* block = nullptr;
    alignas(16) char on_stack[512] = {}; // the scene is on the main thread's stack

    // Takes the block from `allocate`, between others of its size that live on.
    void put_in_row(void* (*allocate)(std::size_t));
    // Overwrites memory with zeroes, letters or noise, depending on the seed.
    void scribble(char* start, std::size_t length) const;
    // Notes, before the offence, that it is impossible.
    void skip() const { record.skipped = true; }
};

struct Kind {
    const char* name;
    const char* description;
    void (*prepare)(Scene&); // correct preparation, by the thread that owns the block
    void (*offend)(Scene&);  // the misuse, by the thread that the input names
};

// Plays `input`, with work before and after. Returns afterwards if the process survives. Does not call
// exit().
void play(const Input& input, Record& record);

} // namespace misuse
