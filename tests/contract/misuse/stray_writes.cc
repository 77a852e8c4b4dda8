// SPDX-License-Identifier: MIT
#include "kinds.h"
#include "prepare.h"

#include <algorithm>

namespace misuse {

namespace {

namespace heap = common::heap;

// Writes `length` bytes, `offset` bytes from the start of the block.
template <int offset, std::size_t length>
void write(Scene& s) {
    s.scribble(s.block + offset, length);
}

template <std::size_t length>
void write_behind(Scene& s) {
    s.scribble(s.block + s.size, length);
}

void write_middle(Scene& s) {
    s.scribble(s.block + s.size / 2 / 8 * 8, 8);
}

void write_end(Scene& s) {
    s.scribble(s.block + s.size - 8, 8);
}

// Writes the whole block, or both ends if it is longer than a page.
void write_all(Scene& s) {
    const std::size_t length = std::min(s.size, std::size_t{4096});
    s.scribble(s.block, length);
    s.scribble(s.block + s.size - length, length);
}

void write_then_allocate(Scene& s) {
    write_all(s);
    for (int i = 0; i < 16; ++i)
        s.work.keep_new(s.size);
}

void write_then_clear(Scene& s) {
    write_all(s);
    for (int i = 0; i < 16; ++i)
        s.work.keep_zeroed(s.size);
}

// Allocates a block with room up to the next multiple of 16.
void block_with_slack(Scene& s) {
    s.put_in_row([](std::size_t size) { return heap::allocate(size - 7); });
    s.work.keep(s.block, s.size - 7);
}

void live_large_block(Scene& s) {
    live_block(s);
    if (s.size < 65536) s.skip();
}

constexpr std::array kKinds{
    Kind{"write-freed-start", "write to the first 8 bytes of a freed block", freed_block, write<0, 8>},
    Kind{"write-freed-second", "write to bytes 8 to 15 of a freed block", freed_block, write<8, 8>},
    Kind{"write-freed-middle", "write to the middle of a freed block", freed_block, write_middle},
    Kind{"write-freed-end", "write to the last 8 bytes of a freed block", freed_block, write_end},
    Kind{"write-freed-all", "write to all of a freed block", freed_block, write_all},
    Kind{"write-freed-malloc", "the same, then malloc of the size, 16 times", freed_block,
         write_then_allocate},
    Kind{"write-freed-calloc", "the same, then calloc of the size, 16 times", freed_block, write_then_clear},
    Kind{"write-moved", "write to the old address after realloc moved the block", moved_block, write_all},
    Kind{"overflow-1", "write 1 byte behind the block", live_block, write_behind<1>},
    Kind{"overflow-8", "write 8 bytes behind the block", live_block, write_behind<8>},
    Kind{"overflow-64", "write 64 bytes behind the block", live_block, write_behind<64>},
    Kind{"overflow-page", "write 4096 bytes behind a block of 64 KiB or more", live_large_block,
         write_behind<4096>},
    Kind{"overflow-slack", "write 1 byte behind a block of n - 7, inside its last 16 bytes", block_with_slack,
         [](Scene& s) { s.scribble(s.block + s.size - 7, 1); }},
    Kind{"overflow-1-free", "write 1 byte behind the block, then free it", own_block,
         [](Scene& s) {
             s.scribble(s.block + s.size, 1);
             heap::release(s.block);
         }},
    Kind{"overflow-16-free", "write 16 bytes behind the block, then free it", own_block,
         [](Scene& s) {
             s.scribble(s.block + s.size, 16);
             heap::release(s.block);
         }},
    Kind{"underflow-1", "write 1 byte before the block", live_block, write<-1, 1>},
    Kind{"underflow-8", "write 8 bytes before the block", live_block, write<-8, 8>},
    Kind{"underflow-64", "write 64 bytes before the block", live_block, write<-64, 64>},
    Kind{"underflow-16-free", "write 16 bytes before the block, then free it", own_block,
         [](Scene& s) {
             s.scribble(s.block - 16, 16);
             heap::release(s.block);
         }},
};

} // namespace

constinit const Family kStrayWrites{"Writes outside of a block in use", kKinds};

} // namespace misuse
