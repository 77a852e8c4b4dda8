// SPDX-License-Identifier: MIT
//
// Memory for the allocator's own structures: power-of-two blocks from the window's metadata pool.
//
// Blocks of one size share pages. A free block holds the link to the next one. take() returns undefined
// contents. Memory is reused, never returned: long bitmaps, deep stacks and shards are small next to their
// blocks. Thread-safe. The lock has the highest rank, so the caller may hold any other lock.
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

    // Returns a block of `size` rounded up to a power of two, aligned to that. Null if memory is short.
    void* take(std::size_t size);
    void give(void* block, std::size_t size); // `size` as for take()

    // Maps the first `bytes` of the pool without touching them. Memory for bitmaps must be mapped before the
    // slices of slabs take the last memory that a limit allows. Returns false if memory is short.
    bool set_aside(std::size_t bytes);
    // Ends the pause after a refusal, because there is room again.
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
    std::size_t used_ = 0; // bytes of the window's pool, carved so far
    RefusedRequests refused_;
};

extern constinit MetadataPool metadata_pool;

} // namespace ashlar::layout
