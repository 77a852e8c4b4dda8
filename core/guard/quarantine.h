// SPDX-License-Identifier: MIT
//
// The quarantine of a thread: released blocks that wait before they may be handed out again, on one shelf per
// size class. The block that leaves is chosen at random, so its return is unpredictable.
// A block leaves for the program when enough bytes wait, and for the heap above a limit. The limit is 1/8 of
// the heap divided by the number of threads, between kLeast and the setting `quarantine`. Enough is 3/4 of
// the limit, or 3/4 of the longest possible shelf. Only the owner calls these functions, except bytes().
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
    static constexpr std::uintptr_t kWhole = 1; // blocks are aligned, so the bit is free
    WaitingBlock(std::uintptr_t word, layout::SizeClass c) : word_(word), class_(c) {}

    std::uintptr_t word_ = 0;
    layout::SizeClass class_ = 0;
};

class Quarantine {
  public:
    static constexpr std::size_t kLeast = std::size_t{32} << 10;

    explicit Quarantine(std::uint64_t seed);

    // Returns whether a block of the class can be added at once, with its ends poisoned. Counts the release
    // if the shelf has a slot. If false, the caller first uses next_whole() and make_room() as needed.
    bool may_come(layout::SizeClass c) {
        const Shelf& shelf = shelves_[c];
        return shelf.count < shelf.capacity && !counts_down(c);
    }
    // takes_room() returns false if there is no room. Then gives_room() must undo it before make_room().
    bool takes_room(layout::SizeClass c) {
        room_ -= static_cast<std::ptrdiff_t>(layout::class_size(c));
        return room_ >= 0;
    }
    void gives_room(layout::SizeClass c) { room_ += static_cast<std::ptrdiff_t>(layout::class_size(c)); }
    void put_in_its_room(WaitingBlock coming) { shelves_[coming.size_class()].add(coming.word_); }

    // Adds a block for which make_room() returned true.
    void put(WaitingBlock coming) {
        takes_room(coming.size_class());
        put_in_its_room(coming);
    }

    // counts_down() counts a release, once per block, and returns whether that block is poisoned as a whole.
    // wants_whole() repeats the answer until next_whole().
    bool counts_down(layout::SizeClass c) { return --until_whole_[c] == 0; }
    bool wants_whole(layout::SizeClass c) const { return until_whole_[c] == 0; }
    void next_whole(layout::SizeClass c);

    // Return whether a block may be handed out again: because enough bytes wait, or because its shelf is
    // long.
    bool may_leave(layout::SizeClass c) const { return room_ < enough_room_ && shelves_[c].count > kKept; }
    bool has_long_shelf(layout::SizeClass c) const {
        return shelves_[c].count > kMostCapacity - kMostCapacity / 4;
    }
    // Takes a random block of a class that has some. Takes the last added one only if it is alone.
    WaitingBlock take(layout::SizeClass c) {
        Shelf& shelf = shelves_[c];
        gives_room(c);
        return {shelf.remove(random_.below(shelf.count - 1)), c};
    }
    // Takes a random block of any class, or none if nothing waits.
    WaitingBlock take_any();

    // Updates the limit from the heap. Returns true if a block of the class may be added, even if it alone
    // exceeds the limit. Otherwise the caller must return `leaving`, none in the first call, to the heap and
    // call again. If `leaving` is none, there is no memory and the new block cannot wait.
    bool make_room(layout::SizeClass c, WaitingBlock& leaving);

    template <typename Visit>
    void for_each(Visit visit) const {
        for (unsigned c = 1; c < layout::kClasses; ++c) {
            for (std::uint32_t i = 0; i < shelves_[c].count; ++i)
                visit(WaitingBlock(shelves_[c].slots[i], static_cast<layout::SizeClass>(c)));
        }
    }
    // Returns the shelves to the metadata pool. Nothing may wait.
    void finish();

    std::size_t bytes() const; // bytes that wait; for any thread

    // Links in the lists of waiting_blocks.cc.
    Quarantine* next = nullptr;
    Quarantine* previous = nullptr;

  private:
    // A block leaves for the program only if more of its class wait. Among fewer the choice could be guessed.
    static constexpr std::uint32_t kKept = 4;

    static constexpr std::uint32_t kMostCapacity = layout::MetadataPool::kMaxBlock / sizeof(std::uintptr_t);

    struct Shelf {
        std::uintptr_t* slots = nullptr;
        std::uint32_t count = 0; // written by the owner, read by any thread
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

    std::ptrdiff_t room_ = 0;        // bytes left up to the limit
    std::ptrdiff_t enough_room_ = 0; // below this much room, enough bytes wait
    Random random_;
    std::size_t limit_ = 0;
    std::array<Shelf, layout::kClasses> shelves_{};
    // Releases of each class up to the next one that is poisoned as a whole.
    std::array<std::uint16_t, layout::kClasses> until_whole_{};
};

} // namespace ashlar::guard
