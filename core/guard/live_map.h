// SPDX-License-Identifier: MIT
//
// The map of blocks that the heap has handed out, with one byte for each 16 bytes of the window. The byte of
// a block's first address is "live" until the heap gets the block back. A large block returns to the heap on
// release, a block of a size class waits first. The bytes behind a live block tell whether it is in use
// (canary.h).
// An entry is a byte, so that plain loads and stores suffice: only the owner of a block writes its byte. The
// price is a race. Two threads that release a block within a few nanoseconds may both succeed. The fault is
// then found when the block is handed out the second time, or by its slab.
// The map costs 1/16 of the heap. It is a table of the window, mapped as far as blocks have been handed out.
#pragma once

#include "layout/window.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::guard {

class LiveMap {
  public:
    enum class State : std::uint8_t { kNever, kReleased, kLive };

    // Offsets are from the window's base. The window must be open.

    // Maps the entry of `offset`. Returns false if there is no memory. Cheap if it is mapped already.
    bool cover(std::size_t offset) {
        return offset < covered_.load(std::memory_order_acquire) || grow(offset);
    }

    // Returns the state at `offset`: kNever if no block was handed out there or the address is misaligned.
    State at(std::size_t offset) const {
        if (offset % layout::kAlignment != 0 || offset >= covered_.load(std::memory_order_acquire)) {
            return State::kNever;
        }
        return entry(offset).load(std::memory_order_relaxed);
    }

    // Makes a covered offset live. Returns false if it is live already: two threads released the block at
    // once.
    bool begin(std::size_t offset) {
        std::atomic<State>& state = entry(offset);
        const bool fresh = state.load(std::memory_order_relaxed) != State::kLive;
        state.store(State::kLive, std::memory_order_relaxed);
        return fresh;
    }

    // Ends a live block. Returns false if the address is not live.
    bool end(std::size_t offset) {
        if (at(offset) != State::kLive) return false;
        entry(offset).store(State::kReleased, std::memory_order_relaxed);
        return true;
    }

    // Does the same, and only one of several threads succeeds.
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

    std::atomic<std::size_t> covered_{0}; // offsets below it are covered
};

[[gnu::visibility("hidden")]] extern constinit LiveMap live_map;

} // namespace ashlar::guard
