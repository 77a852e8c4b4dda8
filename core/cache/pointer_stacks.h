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
#include "os/marking.h"

#include <array>
#include <cstdint>

namespace ashlar::cache {

enum class Phase : std::uint8_t { kNew, kAttached, kEnded };

class PointerStacks {
  public:
    bool pop(unsigned c, void*& block) {
        const unsigned count = marks_[c].count;
        if (count == 0) [[unlikely]]
            return false;
        void* const* const slots = slots_[c];
        set_count(c, count - 1);
        block = slots[count - 1];
        os::forget(slots[count - 1]);
        return true;
    }

    bool push(unsigned c, void* block) {
        const unsigned count = marks_[c].count;
        if (count >= marks_[c].limit) [[unlikely]]
            return false;
        slots_[c][count] = block;
        set_count(c, count + 1);
        return true;
    }

    bool push_foreign(unsigned c, void* block) {
        const unsigned limit = marks_[c].limit;
        if (marks_[c].count >= limit) [[unlikely]]
            return false;
        slots_[c][limit - 1] = block;
        set_limit(c, limit - 1);
        return true;
    }

    bool push(layout::PageHeader header, void* block) {
        const unsigned c = header.class_within(home_);
        if (c < layout::kClasses) [[likely]]
            return push(c, block);
        return push_foreign(c & 0xff, block);
    }

    // For the owner, and for statistics in another thread.
    unsigned count(layout::SizeClass c) const { return load(marks_[c].count); }
    unsigned limit(layout::SizeClass c) const { return load(marks_[c].limit); }
    void** slots(layout::SizeClass c) const { return slots_[c]; }

    void set_count(unsigned c, unsigned count) { store(marks_[c].count, count); }
    void set_limit(unsigned c, unsigned limit) { store(marks_[c].limit, limit); }
    void set_slots(unsigned c, void** slots) { slots_[c] = slots; }

    layout::Shard shard() const { return home_.shard(); }
    void set_shard(layout::Shard shard) { home_ = layout::ShardWord(shard); }

  private:
    // Atomic for the sake of readers in other threads; the owner may read its own marks plainly, which lets
    // the compiler compare with memory.
    using Mark = std::uint16_t;
    static unsigned load(const Mark& mark) { return __atomic_load_n(&mark, __ATOMIC_RELAXED); }
    static void store(Mark& mark, unsigned value) {
        __atomic_store_n(&mark, static_cast<Mark>(value), __ATOMIC_RELAXED);
    }

    struct Marks {
        Mark count;
        Mark limit;
    };

    std::array<Marks, layout::kClasses> marks_{};
    std::array<void**, layout::kClasses> slots_{};
    layout::ShardWord home_{}; // shard 0 is no block's

  public:
    Phase phase = Phase::kNew;
};
static_assert(sizeof(PointerStacks) < 1024, "static thread-local storage comes out of every thread's stack");

extern constinit thread_local PointerStacks stacks;

// The calling thread's stacks, by their address in a register: without the detour the compiler adds up the
// thread pointer again for each member.
[[gnu::always_inline]] inline PointerStacks& my_stacks() {
    PointerStacks* mine = &stacks;
    asm("" : "+r"(mine));
    return *mine;
}

} // namespace ashlar::cache
