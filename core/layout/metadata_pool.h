// SPDX-License-Identifier: MIT
//
// Memory for the allocator's own structures: power-of-two blocks from the window's metadata pool.
//
// Blocks of one size stand together in pages; a free block holds the link to the next. Contents are undefined
// when a block is handed out. Memory is reused, never given back: what lives here (long bitmaps, deep stacks,
// shards) is small next to the blocks that it describes. Thread-safe; takes the lock of the highest rank, so
// it may be called under any other.
#pragma once

#include "layout/refused_requests.h"
#include "os/mutex.h"

#include <bit>
#include <cstddef>

namespace ashlar::layout {

class MetadataPool {
  public:
    static constexpr std::size_t kMinBlock = 64;
    static constexpr std::size_t kMaxBlock = 16 * 1024;

    // `size` is rounded up to a power of two; the block is aligned to that. Null if memory is short.
    void* take(std::size_t size);
    void give(void* block, std::size_t size); // the size that was asked for

    // Maps (without touching) the first `bytes` of the pool. What slabs may need for their bitmaps must be
    // there before the slices for the slabs take the last memory that a limit allows.
    bool set_aside(std::size_t bytes);
    // There is room for more again: what was refused is worth asking for.
    void ask_again();

    os::Mutex<os::Rank::kMetadata>& mutex() { return mutex_; }

  private:
    struct FreeBlock {
        FreeBlock* next;
    };
    static constexpr unsigned kOrders = std::bit_width(kMaxBlock / kMinBlock);

    bool make_sure_of(std::size_t end);
    FreeBlock* split_new_piece(std::size_t block);
    FreeBlock* split_larger_block(std::size_t block);

    os::Mutex<os::Rank::kMetadata> mutex_;
    FreeBlock* free_[kOrders] = {};
    std::size_t used_ = 0; // of the window's pool part
    RefusedRequests refused_;
};

extern constinit MetadataPool metadata_pool;

} // namespace ashlar::layout
