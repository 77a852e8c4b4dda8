// SPDX-License-Identifier: MIT
//
// Where released blocks wait before they may be handed out again: a table of slots. A block that comes takes
// a slot at random, and what was there leaves: nobody can tell when a block returns to the heap.
//
// How many bytes may wait follows the heap: an eighth of what is in use, divided among the threads, between
// kLeast and the setting `quarantine`. The owner calls everything but bytes().
#pragma once

#include "guard/secret.h"
#include "layout/metadata_pool.h"
#include "layout/size_class.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::guard {

// A block and its class, in one word, and whether all of it is poisoned (poison.h). No block: class 0.
class Waiting {
  public:
    constexpr Waiting() = default;
    Waiting(void* block, layout::SizeClass c, bool whole)
        : word_(reinterpret_cast<std::uintptr_t>(block) | std::uint64_t{c} << kClassShift |
                static_cast<std::uint64_t>(whole)) {}

    bool any() const { return word_ != 0; }
    void* block() const { return reinterpret_cast<void*>(word_ & kBlock); }
    layout::SizeClass size_class() const { return static_cast<layout::SizeClass>(word_ >> kClassShift); }
    std::size_t size() const { return layout::class_size(size_class()); }
    bool whole() const { return (word_ & 1) != 0; }

  private:
    static constexpr unsigned kClassShift = 57; // no user address is longer
    static constexpr std::uint64_t kBlock =
        ((std::uint64_t{1} << kClassShift) - 1) & ~std::uint64_t{layout::kAlignment - 1};
    std::uint64_t word_ = 0;
};

class Quarantine {
  public:
    static constexpr std::size_t kLeast = std::size_t{256} << 10;
    static constexpr std::uint32_t kSlots = 1024;

    explicit Quarantine(std::uint64_t seed) {
        random_.start(seed);
        draw();
    }

    // Whether so much more is too much; then make_room() comes first.
    bool full(std::size_t size) const { return bytes() + size > limit_; }
    // Looks at what the heap allows now. True if so much more may wait or if nothing does. Otherwise some
    // slot is used no more, and what was there is to leave; to be called again.
    bool make_room(std::size_t size, Waiting& leaving);

    // The block takes the slot that was drawn last, and what was there leaves. The next slot is drawn, so
    // that what will leave can be on its way to the cache meanwhile.
    Waiting exchange(Waiting coming) {
        Waiting& slot = slots_[next_slot_];
        const Waiting leaving = slot;
        slot = coming;
        set_bytes(bytes() + coming.size() - leaving.size());
        draw();
        return leaving;
    }
    // With little chance, each time another.
    bool one_in_32() const { return drawn_ % 32 == 0; }

    // Any one; none if nothing waits.
    Waiting take();

    std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); } // for any thread

    // In the list of all, see waiting_blocks.cc.
    Quarantine* next = nullptr;
    Quarantine* previous = nullptr;

  private:
    static constexpr std::uint32_t kCallsPerSlot = 64;

    void draw() {
        drawn_ = random_.bits();
        if (drawn_ % kCallsPerSlot == 0 && slots_in_use_ < kSlots) [[unlikely]]
            ++slots_in_use_; // blocks may have become smaller, or the limit higher
        next_slot_ = static_cast<std::uint32_t>(std::uint64_t{drawn_} * slots_in_use_ >> 32);
        const Waiting leaving = slots_[next_slot_];
        if (leaving.size() == 0) return;
        __builtin_prefetch(leaving.block());
        __builtin_prefetch(static_cast<const char*>(leaving.block()) + leaving.size() - 1);
    }
    void look_at_heap();
    Waiting empty(std::uint32_t slot) {
        const Waiting leaving = slots_[slot];
        slots_[slot] = {};
        set_bytes(bytes() - leaving.size());
        return leaving;
    }
    void set_bytes(std::size_t bytes) { bytes_.store(bytes, std::memory_order_relaxed); }

    std::atomic<std::size_t> bytes_{0};
    std::size_t limit_ = 0;
    Random random_;
    std::uint32_t slots_in_use_ = kSlots; // those behind are empty
    std::uint32_t drawn_ = 1;
    std::uint32_t next_slot_ = 0;
    std::array<Waiting, kSlots> slots_{};
};
static_assert(sizeof(Quarantine) <= layout::MetadataPool::kMaxBlock);

} // namespace ashlar::guard
