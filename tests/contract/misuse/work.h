// SPDX-License-Identifier: MIT
//
// Ordinary work of the program around the misuse, with blocks of its own whose contents it knows.
//
// It notes all damage that a correct program would suffer. That is changed contents, a block that overlaps
// another block in use, or memory of calloc that is not zero. A realloc that loses contents and a refused
// request count too. Blocks up to 1 KiB are stamped from end to end, larger ones at both ends and in the
// middle. Threads take turns. The tables are not on the heap.
#pragma once

#include "common/random.h"
#include "record.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace misuse {

class Work {
  public:
    Work(std::uint64_t seed, std::size_t size, Record& record);

    // Allocates, reallocates and releases; about half of the blocks have a size near that of the input.
    void run(unsigned operations);

    // Keeps `block` to the end. Does nothing if it is null.
    void keep(void* block, std::size_t size);
    void keep_new(std::size_t size);
    void keep_zeroed(std::size_t size);
    // Notes memory that no block may overlap and no call may write to. The program owns it, or a block that
    // another call releases.
    void watch(void* start, std::size_t size);

    // Keeps new blocks of `size` until one starts at `address`, or until there are many.
    void reuse(const void* address);

    // Checks and releases everything.
    void finish();

    common::Random& random() { return random_; }

  private:
    struct Block {
        unsigned char* start;
        std::size_t size;
        std::uint64_t key;
    };
    template <std::size_t capacity>
    struct Blocks {
        std::array<Block, capacity> all;
        std::size_t count;

        bool full() const { return count == capacity; }
        void add(const Block& block) { all[count++] = block; }
        Block take(std::size_t i) {
            const Block taken = all[i];
            all[i] = all[--count];
            return taken;
        }
        const Block* begin() const { return all.data(); }
        const Block* end() const { return all.data() + count; }
    };

    std::size_t some_size();
    Block begin(void* start, std::size_t size);
    void check(const Block& block);
    void check_overlap(const Block& block);
    void allocate_one();
    void resize_one();
    void release_one();
    void release(const Block& block);

    common::Random random_;
    std::size_t size_;
    std::size_t target_; // blocks in use at a time
    Record& record_;
    std::uint64_t next_key_ = 1;
    Blocks<64> changing_{};
    Blocks<1024> kept_{};
    Blocks<4> watched_{};
};

} // namespace misuse
