// SPDX-License-Identifier: MIT
//
// Which row belongs to the address of a lock. Looking takes no lock; adding and removing do.
#pragma once

#include <ashlar/lock_format.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::locks {

using lock_format::LockRow;

// Which row belongs to an address. Open addressing; a lock that was destroyed leaves a mark.
class LockIndex {
  public:
    static constexpr std::size_t kMostLocks = std::size_t{48} << 10;

    struct Slot {
        std::atomic<const void*> lock;
        LockRow* row;

        bool is_of(const void* wanted) const { return lock.load(std::memory_order_acquire) == wanted; }
    };
    // The first place that a lock may have. Most have it.
    const Slot* first_slot(const void* lock) const {
        const Slot* slot = &slots_[start_of(lock)];
        asm("" : "+r"(slot)); // one address for both words
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
    // Under the recording's spin lock. False if there is no room near its place.
    bool add(const void* lock, LockRow* row);
    void remove(const void* lock);

  private:
    static constexpr unsigned kBits = 16;
    static constexpr std::size_t kSlots = std::size_t{1} << kBits;
    static constexpr std::size_t kTries = 64; // places in a row that a lock may have
    static const void* removed() { return reinterpret_cast<const void*>(1); }

    // Of the low half of the address: a multiplication by a short constant is one instruction.
    static std::size_t start_of(const void* lock) {
        const auto low = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(lock));
        return low * 0x9e3779b1 >> (32 - kBits);
    }

    std::array<Slot, kSlots> slots_{};
};

} // namespace ashlar::locks
