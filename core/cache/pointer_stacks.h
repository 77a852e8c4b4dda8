// SPDX-License-Identifier: MIT
//
// What malloc and free touch of a thread's cache: for each size class one array of pointers, used from two
// ends.
//
//   slots  | local, local, local →            (free)            ← foreign, foreign |
//          0                  count                            limit           capacity
//
// Local blocks (of this thread's shard) are pushed and popped at `count`. Blocks of other shards grow down
// from the far end and are never handed out here: they go home in a batch. The array is full when the ends
// meet. Neither end touches the blocks themselves.
//
// All zero, as thread-local storage starts (also before the dynamic loader has initialised it), every pop is
// empty and every push full: the slow path then makes the cache, or does without. Only the owning thread
// writes; the counts are atomic so that statistics may read them.
#pragma once

#include "layout/window.h"

#include <array>
#include <atomic>
#include <cstdint>

namespace ashlar::cache {

enum class Phase : std::uint8_t { kNew, kAttached, kEnded };

class PointerStacks {
  public:
    bool pop(layout::SizeClass c, void*& block) {
        const std::uint16_t count = marks_[c].count.load(std::memory_order_relaxed);
        if (count == 0) [[unlikely]]
            return false;
        const auto top = static_cast<std::uint16_t>(count - 1);
        marks_[c].count.store(top, std::memory_order_relaxed);
        block = slots_[c][top];
        return true;
    }

    bool push(layout::SizeClass c, void* block) {
        const std::uint16_t count = marks_[c].count.load(std::memory_order_relaxed);
        if (count >= marks_[c].limit.load(std::memory_order_relaxed)) [[unlikely]]
            return false;
        slots_[c][count] = block;
        marks_[c].count.store(static_cast<std::uint16_t>(count + 1), std::memory_order_relaxed);
        return true;
    }

    bool push_foreign(layout::SizeClass c, void* block) {
        const std::uint16_t limit = marks_[c].limit.load(std::memory_order_relaxed);
        if (marks_[c].count.load(std::memory_order_relaxed) >= limit) [[unlikely]]
            return false;
        const auto end = static_cast<std::uint16_t>(limit - 1);
        slots_[c][end] = block;
        marks_[c].limit.store(end, std::memory_order_relaxed);
        return true;
    }

    bool push(layout::PageHeader header, void* block) {
        return header.shard == shard ? push(header.size_class, block)
                                     : push_foreign(header.size_class, block);
    }

    std::uint16_t count(layout::SizeClass c) const { return marks_[c].count.load(std::memory_order_relaxed); }
    std::uint16_t limit(layout::SizeClass c) const { return marks_[c].limit.load(std::memory_order_relaxed); }
    void** slots(layout::SizeClass c) const { return slots_[c]; }

    void set_count(layout::SizeClass c, std::uint32_t count) {
        marks_[c].count.store(static_cast<std::uint16_t>(count), std::memory_order_relaxed);
    }
    void set_limit(layout::SizeClass c, std::uint32_t limit) {
        marks_[c].limit.store(static_cast<std::uint16_t>(limit), std::memory_order_relaxed);
    }
    void set_slots(layout::SizeClass c, void** slots) { slots_[c] = slots; }

    layout::Shard shard = 0; // 0: none, no block's
    Phase phase = Phase::kNew;

  private:
    struct Marks {
        std::atomic<std::uint16_t> count{0};
        std::atomic<std::uint16_t> limit{0};
    };

    std::array<Marks, layout::kClasses> marks_{};
    std::array<void**, layout::kClasses> slots_{};
};
static_assert(sizeof(PointerStacks) < 1024, "static thread-local storage comes out of every thread's stack");

extern constinit thread_local PointerStacks stacks;

} // namespace ashlar::cache
