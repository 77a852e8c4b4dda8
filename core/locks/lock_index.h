// SPDX-License-Identifier: MIT
//
// Maps a lock's address to its row. find() takes no lock. Callers of the others hold the recording's spin
// lock.
#pragma once

#include <ashlar/lock_format.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::locks {

using lock_format::LockRow;

// Open addressing. A destroyed lock leaves a mark in its slot.
class LockIndex {
  public:
    static constexpr std::size_t kMostLocks = std::size_t{48} << 10;

    struct Slot {
        std::atomic<const void*> lock;
        LockRow* row;

        bool is_of(const void* wanted) const { return lock.load(std::memory_order_acquire) == wanted; }
    };
    // Returns the first slot that `lock` may have. Most locks are there.
    const Slot* first_slot(const void* lock) const {
        const Slot* slot = &slots_[start_of(lock)];
        asm("" : "+r"(slot)); // computes one address for both words
        return slot;
    }
    LockRow* find(const void* lock) const {
        std::size_t place = start_of(lock);
        for (std::size_t tries = 0; tries < kTries; ++tries, place = (place + 1) % kSlots) {
            const void* const there = slots_[place].lock.load(std::memory_order_acquire);
            if (there == lock) return slots_[place].row;
            if (there == nullptr) return nullptr;
        }
        return nullptr;
    }
    // Returns false if there is no free slot near the lock's place.
    bool add(const void* lock, LockRow* row);
    void remove(const void* lock);

  private:
    static constexpr unsigned kBits = 16;
    static constexpr std::size_t kSlots = std::size_t{1} << kBits;
    static constexpr std::size_t kTries = 64; // adjacent slots that a lock may have
    static const void* removed() { return reinterpret_cast<const void*>(1); }

    // Hashes the low half of the address. A multiplication by a short constant is one instruction.
    static std::size_t start_of(const void* lock) {
        const auto low = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(lock));
        return low * 0x9e3779b1 >> (32 - kBits);
    }

    std::array<Slot, kSlots> slots_{};
};

} // namespace ashlar::locks
