// SPDX-License-Identifier: MIT
#include "cache/thread_registry.h"

#include "os/page_memory.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ashlar::cache {

constinit ThreadRegistry thread_registry;

Chunk& ThreadRegistry::chunk(unsigned number) {
    return *reinterpret_cast<Chunk*>(layout::window.threads.start() + number * kChunkSize);
}

unsigned ThreadRegistry::lowest_free() const {
    for (unsigned word = full_words_; word < used_.size(); ++word) {
        if (used_[word] != ~std::uint64_t{0}) {
            return word * kWordBits + static_cast<unsigned>(std::countr_one(used_[word]));
        }
    }
    return kMaxThreads;
}

void ThreadRegistry::mark(unsigned number, bool used) {
    const unsigned word = number / kWordBits;
    const std::uint64_t bit = std::uint64_t{1} << (number % kWordBits);
    if (used) {
        used_[word] |= bit;
        while (full_words_ < used_.size() && used_[full_words_] == ~std::uint64_t{0})
            ++full_words_;
    } else {
        used_[word] &= ~bit;
        full_words_ = std::min(full_words_, word);
    }
}

Chunk* ThreadRegistry::add(PointerStacks& owner) {
    const os::Guard guard(mutex_);
    const unsigned number = lowest_free();
    if (number == kMaxThreads || !layout::window.threads.grow_to((number + 1) * kChunkSize)) return nullptr;
    mark(number, true);
    ever_used_ = std::max(ever_used_, number + 1);
    live_.store(live() + 1, std::memory_order_relaxed);
    Chunk& added = chunk(number);
    added.owner = &owner;
    return &added;
}

void ThreadRegistry::remove(Chunk& removed) {
    const os::Guard guard(mutex_);
    const auto number = static_cast<unsigned>(
        (reinterpret_cast<std::uintptr_t>(&removed) - layout::window.threads.start()) / kChunkSize);
    removed.owner = nullptr;
    mark(number, false);
    live_.store(live() - 1, std::memory_order_relaxed);
    // The lowest are used first: those far above the live ones will not be needed soon.
    if (number >= live() + kKeptChunks) os::purge(&removed, kChunkSize);
}

void ThreadRegistry::forget_others(const Chunk* survivor) {
    for (unsigned i = 0; i < ever_used_; ++i) {
        Chunk& other = chunk(i);
        if (other.owner == nullptr || &other == survivor) continue;
        other.owner = nullptr;
        mark(i, false);
    }
    live_.store(survivor != nullptr ? 1 : 0, std::memory_order_relaxed);
}

} // namespace ashlar::cache
