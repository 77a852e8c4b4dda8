// SPDX-License-Identifier: MIT
#include "work.h"

#include "common/heap.h"
#include "common/stamp.h"

#include <algorithm>

namespace misuse {

namespace {

namespace heap = common::heap;

constexpr std::size_t kStampedWhole = 1024;
constexpr std::size_t kPart = 256; // bytes stamped at both ends and in the middle of a larger block
constexpr std::size_t kLarge = std::size_t{64} << 10;

// Calls visit(offset, length) for the stamped parts of a block.
template <typename Visit>
void for_each_part(std::size_t size, Visit visit) {
    if (size <= kStampedWhole) return visit(std::size_t{0}, size);
    visit(std::size_t{0}, kPart);
    visit(size / 2 / 8 * 8, kPart);
    visit(size - kPart, kPart);
}

} // namespace

Work::Work(std::uint64_t seed, std::size_t size, Record& record)
    : random_(seed), size_(size), target_(size > kLarge ? 16 : 48), record_(record) {}

std::size_t Work::some_size() {
    if (random_.chance(size_ > kLarge ? 10 : 40)) return size_;
    if (random_.chance(10)) return size_ - size_ / 4 + random_.below(size_ / 2 + 1);
    return 1 + random_.below(512);
}

void Work::check(const Block& block) {
    for_each_part(block.size, [&](std::size_t offset, std::size_t length) {
        const std::size_t at = common::stamp_mismatch(block.start + offset, length, block.key + offset);
        if (at == length) return;
        record_.note_damage("the block of %zu bytes at %p has changed at offset %zu", block.size,
                            static_cast<void*>(block.start), offset + at);
    });
}

void Work::check_overlap(const Block& block) {
    const auto compare = [&](const Block& other) {
        if (block.start >= other.start + other.size || other.start >= block.start + block.size) return;
        record_.note_damage("the new block of %zu bytes at %p overlaps that of %zu at %p", block.size,
                            static_cast<void*>(block.start), other.size, static_cast<void*>(other.start));
    };
    std::for_each(changing_.begin(), changing_.end(), compare);
    std::for_each(kept_.begin(), kept_.end(), compare);
    std::for_each(watched_.begin(), watched_.end(), compare);
}

// Stamps a new block.
Work::Block Work::begin(void* start, std::size_t size) {
    const Block block{static_cast<unsigned char*>(start), size, next_key_++ << 32};
    check_overlap(block);
    for_each_part(size, [&](std::size_t offset, std::size_t length) {
        common::stamp(block.start + offset, length, block.key + offset);
    });
    return block;
}

void Work::keep(void* block, std::size_t size) {
    if (block != nullptr && !kept_.full()) kept_.add(begin(block, size));
}

void Work::keep_new(std::size_t size) {
    void* const block = heap::allocate(size);
    if (block == nullptr) record_.note_damage("malloc refuses %zu bytes", size);
    keep(block, size);
}

void Work::keep_zeroed(std::size_t size) {
    void* const block = heap::allocate_zeroed(1, size);
    if (block == nullptr) return record_.note_damage("calloc refuses %zu bytes", size);
    for_each_part(size, [&](std::size_t offset, std::size_t length) {
        const char* const part = static_cast<const char*>(block) + offset;
        if (common::first_nonzero(part, length) == length) return;
        record_.note_damage("the new block of calloc, %zu bytes at %p, is not zero", size, block);
    });
    keep(block, size);
}

void Work::watch(void* start, std::size_t size) {
    watched_.add(begin(start, size));
}

void Work::reuse(const void* address) {
    const std::size_t most = size_ <= 1024 ? 600 : size_ <= kLarge ? 64 : 8;
    for (std::size_t i = 0; i < most && !kept_.full(); ++i) {
        keep_new(size_);
        if (kept_.count != 0 && kept_.all[kept_.count - 1].start == address) return;
    }
}

void Work::allocate_one() {
    const std::size_t size = some_size();
    void* const block = heap::allocate(size);
    if (block == nullptr) return record_.note_damage("malloc refuses %zu bytes", size);
    changing_.add(begin(block, size));
}

void Work::resize_one() {
    const Block old = changing_.take(random_.below(changing_.count));
    check(old);
    const std::size_t size = some_size();
    void* const moved = heap::resize(old.start, size);
    if (moved == nullptr) {
        record_.note_damage("realloc refuses %zu bytes", size);
        return changing_.add(old);
    }
    const std::size_t common = std::min({old.size, size, kPart});
    if (common::stamp_mismatch(moved, common, old.key) != common) {
        record_.note_damage("realloc lost the contents of the block at %p", static_cast<void*>(old.start));
    }
    changing_.add(begin(moved, size));
}

void Work::release(const Block& block) {
    check(block);
    heap::release(block.start);
}

void Work::release_one() {
    release(changing_.take(random_.below(changing_.count)));
}

void Work::run(unsigned operations) {
    for (unsigned i = 0; i < operations; ++i) {
        if (changing_.count == 0 || (changing_.count < target_ && random_.chance(50))) {
            allocate_one();
        } else if (random_.chance(20)) {
            resize_one();
        } else {
            release_one();
        }
    }
}

void Work::finish() {
    std::for_each(watched_.begin(), watched_.end(), [this](const Block& block) { check(block); });
    std::for_each(kept_.begin(), kept_.end(), [this](const Block& block) { check(block); });
    while (changing_.count != 0)
        release(changing_.take(changing_.count - 1));
    while (kept_.count != 0)
        release(kept_.take(kept_.count - 1));
}

} // namespace misuse
