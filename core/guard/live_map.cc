// SPDX-License-Identifier: MIT
#include "guard/live_map.h"

#include "os/page_memory.h"

#include <algorithm>

namespace ashlar::guard {

constinit LiveMap live_map;

namespace {

using layout::window;

constexpr std::size_t kMinStep = std::size_t{1} << 20; // of the window: 64 KiB of the map
constexpr std::size_t kMaxStep = std::size_t{64} << 20;

constexpr std::size_t round_up(std::size_t value, std::size_t unit) {
    return (value + unit - 1) / unit * unit;
}

// Blocks lie behind the window's own tables.
std::size_t first_offset() {
    return std::size_t{window.first_page} << layout::kPageShift;
}

} // namespace

bool LiveMap::reserve() {
    if (entries_.load(std::memory_order_acquire) != nullptr) return true;
    const std::size_t size = window.size / layout::kAlignment;
    void* const space = os::reserve(size);
    if (space == nullptr) return false;
    std::atomic<State>* expected = nullptr;
    if (!os::commit_readable(space, size) ||
        !entries_.compare_exchange_strong(expected, static_cast<std::atomic<State>*>(space))) {
        os::unreserve(space, size);
    }
    return entries_.load(std::memory_order_acquire) != nullptr;
}

// Several threads may grow the map at one time: what is writable already stays so.
bool LiveMap::grow(std::size_t offset) {
    if (!reserve()) return false;
    std::size_t have = std::max(covered_.load(std::memory_order_relaxed), first_offset());
    const std::size_t needed = round_up(offset + 1, kMinStep);
    const std::size_t step = std::clamp(round_up((have - first_offset()) / 8, kMinStep), kMinStep, kMaxStep);
    for (const std::size_t target : {have + step, needed}) {
        const std::size_t end = std::min(std::max(target, needed), window.size);
        if (!os::commit(&entry(have), (end - have) / layout::kAlignment)) continue;
        committed_.store((end - first_offset()) / layout::kAlignment, std::memory_order_relaxed);
        while (have < end && !covered_.compare_exchange_weak(have, end, std::memory_order_release,
                                                             std::memory_order_relaxed)) {
        }
        return true;
    }
    return false;
}

} // namespace ashlar::guard
