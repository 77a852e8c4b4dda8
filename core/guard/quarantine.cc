// SPDX-License-Identifier: MIT
#include "guard/quarantine.h"

#include "cache/thread_registry.h"
#include "guard/poison.h"
#include "layout/metadata_pool.h"
#include "layout/superslab.h"
#include "os/config.h"

#include <algorithm>
#include <cstring>

namespace ashlar::guard {

namespace {

using layout::SizeClass;

constexpr std::size_t kShareOfHeap = 8;
constexpr std::uint32_t kFirstCapacity = 16;

// Short blocks, and blocks up to the setting `poison`, are always poisoned as a whole. Among other blocks one
// in size / kWholeBytes is, or one in kFewest if that is rarer. So the cost of a release does not grow with
// the block. Each such block, and one short block in kShortOnes, also updates the limit.
constexpr std::size_t kWholeBytes = 4;
constexpr std::size_t kFewest = 64;
constexpr std::size_t kShortOnes = 4096;

// Returns n if one block in n is poisoned as a whole or updates the limit.
std::size_t one_in(std::size_t size) {
    if (size <= poison::kShort) return kShortOnes;
    if (size <= os::settings.poison.load(std::memory_order_relaxed)) return 1;
    return std::max(size / kWholeBytes, kFewest);
}

} // namespace

Quarantine::Quarantine(std::uint64_t seed) {
    random_.start(seed);
    for (unsigned c = 1; c < layout::kClasses; ++c)
        next_whole(static_cast<SizeClass>(c));
}

// Draws the releases up to the next whole poisoning: right on average, and unpredictable.
void Quarantine::next_whole(SizeClass c) {
    const auto most = static_cast<std::uint32_t>(2 * one_in(layout::class_size(c)) - 1);
    until_whole_[c] = static_cast<std::uint16_t>(1 + random_.below(most));
}

void Quarantine::look_at_heap() {
    const std::size_t heap = layout::superslabs.slices_in_use() * layout::kSliceSize;
    const std::size_t threads = std::max<std::size_t>(cache::thread_registry.live(), 1);
    const std::size_t limit = std::min(std::max(heap / kShareOfHeap / threads, kLeast),
                                       os::settings.quarantine.load(std::memory_order_relaxed));
    room_ += static_cast<std::ptrdiff_t>(limit - limit_);
    limit_ = limit;
    enough_room_ = static_cast<std::ptrdiff_t>(limit / 4);
}

// Once one block has to leave, 1/16 of the limit leaves. So a thread that only releases calls this rarely.
bool Quarantine::make_room(SizeClass c, WaitingBlock& leaving) {
    look_at_heap();
    Shelf& shelf = shelves_[c];
    const std::size_t most = leaving.any() ? limit_ - limit_ / 16 : limit_;
    const std::uint32_t most_of_class = leaving.any() ? kMostCapacity - kMostCapacity / 16 : kMostCapacity;
    const std::uint32_t count = shelf.count;
    const bool has_slot = count < most_of_class && (count < shelf.capacity || lengthen(shelf));
    leaving = {};
    if (has_slot && (waiting() == 0 || waiting() + layout::class_size(c) <= most)) return true;
    if (count != 0) {
        leaving = take(c);
    } else if (has_slot) {
        leaving = take_any();
    }
    return false;
}

// Returns false if the shelf has its greatest length or there is no memory.
bool Quarantine::lengthen(Shelf& shelf) {
    const std::uint32_t capacity = std::max(shelf.capacity * 2, kFirstCapacity);
    if (capacity > kMostCapacity) return false;
    auto* const slots =
        static_cast<std::uintptr_t*>(layout::metadata_pool.take(capacity * sizeof(std::uintptr_t)));
    if (slots == nullptr) return false;
    if (shelf.capacity != 0) {
        std::memcpy(slots, shelf.slots, shelf.count * sizeof(std::uintptr_t));
        layout::metadata_pool.give(shelf.slots, shelf.capacity * sizeof(std::uintptr_t));
    }
    shelf.slots = slots;
    shelf.capacity = capacity;
    return true;
}

WaitingBlock Quarantine::take_any() {
    const std::uint32_t start = random_.below(layout::kClasses);
    for (unsigned i = 0; waiting() != 0 && i < layout::kClasses; ++i) {
        const auto c = static_cast<SizeClass>((start + i) % layout::kClasses);
        if (shelves_[c].count != 0) return take(c);
    }
    return {};
}

void Quarantine::finish() {
    for (Shelf& shelf : shelves_) {
        if (shelf.capacity != 0)
            layout::metadata_pool.give(shelf.slots, shelf.capacity * sizeof(std::uintptr_t));
        shelf.slots = nullptr;
        shelf.capacity = 0;
    }
}

std::size_t Quarantine::bytes() const {
    std::size_t sum = 0;
    for (unsigned c = 1; c < layout::kClasses; ++c)
        sum += shelves_[c].count_for_any() * layout::class_size(static_cast<SizeClass>(c));
    return sum;
}

} // namespace ashlar::guard
