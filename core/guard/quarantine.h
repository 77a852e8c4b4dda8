// SPDX-License-Identifier: MIT
//
// Where released blocks wait before they may be handed out again: for each size class a shelf, in no order.
// The one that leaves is any of them, so that nobody can tell when a block comes back.
//
// A block leaves for the program when enough wait, and for the heap when too many do. How many bytes that is
// follows the heap: an eighth of what is in use, divided among the threads, between kLeast and the setting
// `quarantine`. The owner calls everything but bytes().
#pragma once

#include "guard/secret.h"
#include "layout/size_class.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace ashlar::guard {

// A block, its class, and whether all of it is poisoned (poison.h).
class Waiting {
  public:
    constexpr Waiting() = default;
    Waiting(void* block, layout::SizeClass c, bool whole)
        : word_(reinterpret_cast<std::uintptr_t>(block) | static_cast<std::uintptr_t>(whole)), class_(c) {}

    bool any() const { return word_ != 0; }
    void* block() const { return reinterpret_cast<void*>(word_ & ~kWhole); }
    void* block_if_not_whole() const { return reinterpret_cast<void*>(word_); }
    layout::SizeClass size_class() const { return class_; }
    std::size_t size() const { return layout::class_size(class_); }
    bool whole() const { return (word_ & kWhole) != 0; }

  private:
    friend class Quarantine;
    static constexpr std::uintptr_t kWhole = 1; // blocks are aligned
    Waiting(std::uintptr_t word, layout::SizeClass c) : word_(word), class_(c) {}

    std::uintptr_t word_ = 0;
    layout::SizeClass class_ = 0;
};

class Quarantine {
  public:
    static constexpr std::size_t kLeast = std::size_t{32} << 10;

    explicit Quarantine(std::uint64_t seed);

    // False if the block may not come; then make_room() comes first.
    bool put_if_room(Waiting coming) {
        Shelf& shelf = shelves_[coming.size_class()];
        const std::uint32_t count = shelf.count;
        const std::size_t sum = bytes() + coming.size();
        if (count >= shelf.capacity || sum > limit_) [[unlikely]]
            return false;
        put(shelf, coming, count, sum);
        return true;
    }
    void put(Waiting coming) {
        Shelf& shelf = shelves_[coming.size_class()];
        put(shelf, coming, shelf.count, bytes() + coming.size());
    }

    // A block of the class comes: true if all of it is to be poisoned. Asked once for each, after which
    // wants_whole() tells the same until next_whole().
    bool counts_down(layout::SizeClass c) { return --shelves_[c].until_whole == 0; }
    bool wants_whole(layout::SizeClass c) const { return shelves_[c].until_whole == 0; }
    void next_whole(layout::SizeClass c);

    // Whether so much waits that one of the class may be handed out again.
    bool may_leave(layout::SizeClass c) const { return shelves_[c].count > kKept && bytes() > enough_; }
    // Any one of a class of which some wait. It was chosen when the last one left, and the next one is now,
    // so that what has to be looked at then can be on its way to the cache meanwhile.
    Waiting take(layout::SizeClass c) {
        Shelf& shelf = shelves_[c];
        std::uintptr_t* const slots = shelf.slots;
        const std::size_t size = layout::class_size(c);
        const std::uint32_t left = shelf.count - 1U;
        const std::uintptr_t taken = std::exchange(slots[shelf.next], slots[left]);
        const std::uint32_t chosen = random_.below(left);
        shelf.count = static_cast<std::uint16_t>(left);
        shelf.next = static_cast<std::uint16_t>(chosen);
        set_bytes(bytes() - size);
        const auto* const ahead = reinterpret_cast<const char*>(slots[chosen]);
        __builtin_prefetch(ahead);
        __builtin_prefetch(ahead + size - 1);
        return {taken, c};
    }
    // Any one of any class; none if nothing waits.
    Waiting take_any();

    // Looks at what the heap allows now. True if a block of the class may come, even if it is the only one
    // and too long. If not, `leaving`, at first none, has to leave before the next call; if it is none,
    // memory is short and the block cannot wait.
    bool make_room(layout::SizeClass c, Waiting& leaving);

    template <typename Visit>
    void for_each(Visit visit) const {
        for (unsigned c = 1; c < layout::kClasses; ++c) {
            for (std::uint32_t i = 0; i < shelves_[c].count; ++i)
                visit(Waiting(shelves_[c].slots[i], static_cast<layout::SizeClass>(c)));
        }
    }
    // Gives the shelves back; nothing may wait.
    void finish();

    std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); } // for any thread

    // In the lists of waiting_blocks.cc.
    Quarantine* next = nullptr;
    Quarantine* previous = nullptr;

  private:
    static constexpr std::uint32_t kKept = 4; // of a class, below which one could guess

    struct Shelf {
        std::uintptr_t* slots = nullptr;
        std::uint16_t count = 0;
        std::uint16_t capacity = 0;
        std::uint16_t next = 0;        // the slot of the one that leaves next, if one waits
        std::uint16_t until_whole = 0; // releases up to the next block that is poisoned as a whole
    };

    void put(Shelf& shelf, Waiting coming, std::uint32_t count, std::size_t sum) {
        shelf.slots[count] = coming.word_;
        shelf.count = static_cast<std::uint16_t>(count + 1);
        set_bytes(sum);
    }
    void look_at_heap();
    bool lengthen(Shelf& shelf);
    void set_bytes(std::size_t bytes) { bytes_.store(bytes, std::memory_order_relaxed); }

    std::atomic<std::size_t> bytes_{0};
    std::size_t enough_ = 0;
    std::size_t limit_ = 0;
    Random random_;
    std::array<Shelf, layout::kClasses> shelves_{};
};

} // namespace ashlar::guard
