// SPDX-License-Identifier: MIT
//
// Where released blocks wait before they may be handed out again: for each size class a shelf, in no order.
// The one that leaves is any of them, so that nobody can tell when a block comes back.
//
// A block leaves for the program when enough wait, and for the heap when too many do. How many bytes that is
// follows the heap: an eighth of what is in use, divided among the threads, between kLeast and the setting
// `quarantine`. Enough is three quarters of it, or of the longest shelf there is. The owner calls everything
// but bytes().
#pragma once

#include "guard/secret.h"
#include "layout/metadata_pool.h"
#include "layout/size_class.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace ashlar::guard {

// A block, its class, and whether all of it is poisoned (poison.h).
class WaitingBlock {
  public:
    constexpr WaitingBlock() = default;
    WaitingBlock(void* block, layout::SizeClass c, bool whole)
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
    WaitingBlock(std::uintptr_t word, layout::SizeClass c) : word_(word), class_(c) {}

    std::uintptr_t word_ = 0;
    layout::SizeClass class_ = 0;
};

class Quarantine {
  public:
    static constexpr std::size_t kLeast = std::size_t{32} << 10;

    explicit Quarantine(std::uint64_t seed);

    // A block of the class may come, with its ends poisoned. If not, what next_whole() and make_room() say
    // comes first.
    bool may_come(layout::SizeClass c) {
        const Shelf& shelf = shelves_[c];
        return shelf.count < shelf.capacity && !counts_down(c);
    }
    // What may come takes its room; if there is none, that has to be undone, and make_room() comes first.
    bool takes_room(layout::SizeClass c) {
        room_ -= static_cast<std::ptrdiff_t>(layout::class_size(c));
        return room_ >= 0;
    }
    void gives_room(layout::SizeClass c) { room_ += static_cast<std::ptrdiff_t>(layout::class_size(c)); }
    void put_in_its_room(WaitingBlock coming) { shelves_[coming.size_class()].add(coming.word_); }

    // Of what make_room() has said may come.
    void put(WaitingBlock coming) {
        takes_room(coming.size_class());
        put_in_its_room(coming);
    }

    // A block of the class comes: true if all of it is to be poisoned. Asked once for each, after which
    // wants_whole() tells the same until next_whole().
    bool counts_down(layout::SizeClass c) { return --until_whole_[c] == 0; }
    bool wants_whole(layout::SizeClass c) const { return until_whole_[c] == 0; }
    void next_whole(layout::SizeClass c);

    // Whether so much waits that one of the class may be handed out again, or so many of the class.
    bool may_leave(layout::SizeClass c) const { return room_ < enough_room_ && shelves_[c].count > kKept; }
    bool has_long_shelf(layout::SizeClass c) const {
        return shelves_[c].count > kMostCapacity - kMostCapacity / 4;
    }
    // Any one of a class of which some wait, but the one that came last only if it is alone.
    WaitingBlock take(layout::SizeClass c) {
        Shelf& shelf = shelves_[c];
        gives_room(c);
        return {shelf.remove(random_.below(shelf.count - 1)), c};
    }
    // Any one of any class; none if nothing waits.
    WaitingBlock take_any();

    // Looks at what the heap allows now. True if a block of the class may come, even if it is the only one
    // and too long. If not, `leaving`, at first none, has to leave before the next call; if it is none,
    // memory is short and the block cannot wait.
    bool make_room(layout::SizeClass c, WaitingBlock& leaving);

    template <typename Visit>
    void for_each(Visit visit) const {
        for (unsigned c = 1; c < layout::kClasses; ++c) {
            for (std::uint32_t i = 0; i < shelves_[c].count; ++i)
                visit(WaitingBlock(shelves_[c].slots[i], static_cast<layout::SizeClass>(c)));
        }
    }
    // Gives the shelves back; nothing may wait.
    void finish();

    std::size_t bytes() const; // for any thread

    // In the lists of waiting_blocks.cc.
    Quarantine* next = nullptr;
    Quarantine* previous = nullptr;

  private:
    static constexpr std::uint32_t kKept = 4; // of a class, below which one could guess

    static constexpr std::uint32_t kMostCapacity = layout::MetadataPool::kMaxBlock / sizeof(std::uintptr_t);

    struct Shelf {
        std::uintptr_t* slots = nullptr;
        std::uint32_t count = 0; // written by the owner alone, for any thread that wants to know
        std::uint32_t capacity = 0;

        std::uint32_t count_for_any() const { return __atomic_load_n(&count, __ATOMIC_RELAXED); }
        void set_count(std::uint32_t now) { __atomic_store_n(&count, now, __ATOMIC_RELAXED); }
        void add(std::uintptr_t word) {
            slots[count] = word;
            set_count(count + 1);
        }
        std::uintptr_t remove(std::uint32_t chosen) {
            const std::uint32_t last = count - 1;
            set_count(last);
            return std::exchange(slots[chosen], slots[last]);
        }
    };

    std::size_t waiting() const { return limit_ - static_cast<std::size_t>(room_); }
    void look_at_heap();
    bool lengthen(Shelf& shelf);

    std::ptrdiff_t room_ = 0;        // bytes up to the limit
    std::ptrdiff_t enough_room_ = 0; // below it, enough wait
    Random random_;
    std::size_t limit_ = 0;
    std::array<Shelf, layout::kClasses> shelves_{};
    // Releases of each class up to the next one that is poisoned as a whole.
    std::array<std::uint16_t, layout::kClasses> until_whole_{};
};

} // namespace ashlar::guard
