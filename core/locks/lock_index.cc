// SPDX-License-Identifier: MIT
#include "locks/lock_index.h"

namespace ashlar::locks {

bool LockIndex::add(const void* lock, LockRow* row) {
    std::size_t place = start_of(lock);
    for (std::size_t tries = 0; tries < kTries; ++tries, place = (place + 1) % kSlots) {
        const void* const there = slots_[place].lock.load(std::memory_order_relaxed);
        if (there != nullptr && there != removed()) continue;
        slots_[place].row = row;
        slots_[place].lock.store(lock, std::memory_order_release);
        return true;
    }
    return false;
}

void LockIndex::remove(const void* lock) {
    std::size_t place = start_of(lock);
    for (std::size_t tries = 0; tries < kTries; ++tries, place = (place + 1) % kSlots) {
        if (slots_[place].lock.load(std::memory_order_relaxed) != lock) continue;
        // No search goes beyond a free slot, so a slot before a free one needs no mark.
        const bool last = slots_[(place + 1) % kSlots].lock.load(std::memory_order_relaxed) == nullptr;
        slots_[place].lock.store(last ? nullptr : removed(), std::memory_order_release);
        return;
    }
}

} // namespace ashlar::locks
