// SPDX-License-Identifier: MIT
//
// Which addresses of the window are blocks that the heap has given out. The map has a byte for every 16 of
// the window. The byte of a block's first address is "live" until the heap gets the block back. A large block
// is the heap's again when it is released. One of a size class waits first. Which of those that are live are
// in use is told by what stands behind them (canary.h).
//
// A byte, not a bit, so that plain loads and stores suffice: the byte of a block is written by whoever has
// the block. The price is that two threads which give a block back within the few nanoseconds that a store
// takes to be seen may both succeed. Then it is found when the block is given out the second time, or by its
// slab. The map costs a sixteenth of the heap. It is one of the window's tables, mapped as far as blocks have
// been given out; beyond that nothing ever was.
#pragma once

#include "layout/window.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::guard {

class LiveMap {
  public:
    enum class State : std::uint8_t { kNever, kReleased, kLive };

    // Offsets are from the window's base; the window must be open.

    // Maps the entry of the offset; false if there is no memory. Cheap if it is.
    bool cover(std::size_t offset) {
        return offset < covered_.load(std::memory_order_acquire) || grow(offset);
    }

    // kNever, where nothing was ever handed out, if the address is not aligned as blocks are.
    State at(std::size_t offset) const {
        if (offset % layout::kAlignment != 0 || offset >= covered_.load(std::memory_order_acquire)) {
            return State::kNever;
        }
        return entry(offset).load(std::memory_order_relaxed);
    }

    // Of a covered offset. False if the block is live already: two threads released it at one time.
    bool begin(std::size_t offset) {
        std::atomic<State>& state = entry(offset);
        const bool fresh = state.load(std::memory_order_relaxed) != State::kLive;
        state.store(State::kLive, std::memory_order_relaxed);
        return fresh;
    }

    // False if the address is no live block.
    bool end(std::size_t offset) {
        if (at(offset) != State::kLive) return false;
        entry(offset).store(State::kReleased, std::memory_order_relaxed);
        return true;
    }

    // Likewise, where two threads must not both succeed.
    bool end_once(std::size_t offset) {
        State expected = State::kLive;
        return at(offset) == State::kLive &&
               entry(offset).compare_exchange_strong(expected, State::kReleased, std::memory_order_acq_rel,
                                                     std::memory_order_relaxed);
    }

  private:
    bool grow(std::size_t offset);
    static std::atomic<State>& entry(std::size_t offset) {
        return reinterpret_cast<std::atomic<State>*>(
            layout::window.live_bytes.start())[offset / layout::kAlignment];
    }

    std::atomic<std::size_t> covered_{0}; // offsets below it
};

[[gnu::visibility("hidden")]] extern constinit LiveMap live_map;

} // namespace ashlar::guard
