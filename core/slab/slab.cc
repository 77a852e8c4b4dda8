// SPDX-License-Identifier: MIT
#include "slab/slab.h"

#include "layout/metadata_pool.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ashlar::slab {

bool Slab::start(layout::SizeClass c, layout::Shard owner, layout::Page first) {
    size_class_ = c;
    shard_ = owner;
    first_page_ = first;
    const std::size_t bytes = bitmap_bytes();
    words_ = bytes <= sizeof(inline_words_) ? inline_words_
                                            : static_cast<std::uint64_t*>(layout::metadata_pool.take(bytes));
    if (words_ == nullptr) return false;
    std::memset(words_, 0, bytes);
    summary_ = 0;
    freed_ = 0;
    fresh_ = 0;
    purged_ = 0;
    tidied = false;
    return true;
}

void Slab::finish() {
    if (words_ != inline_words_) layout::metadata_pool.give(words_, bitmap_bytes());
    words_ = nullptr;
}

std::uint32_t Slab::take(void** end, std::uint32_t count) {
    const std::size_t size = shape().size;
    char* const start = start_address();
    void** out = end;
    void** const last = end - count;
    while (out != last && summary_ != 0) {
        const auto number = static_cast<unsigned>(std::countr_zero(summary_));
        char* const word_start = start + std::size_t{number} * kWordBits * size;
        std::uint64_t word = words_[number];
        do {
            *--out = word_start + static_cast<unsigned>(std::countr_zero(word)) * size;
            word &= word - 1;
        } while (out != last && word != 0);
        words_[number] = word;
        if (word == 0) summary_ &= summary_ - 1;
    }
    freed_ = static_cast<std::uint16_t>(freed_ - (end - out));
    if (out != end) return static_cast<std::uint32_t>(end - out);
    const auto fresh = std::min(static_cast<std::uint32_t>(out - last), blocks() - fresh_);
    char* next_block = start + std::size_t{fresh_} * size;
    for (std::uint32_t i = 0; i < fresh; ++i, next_block += size)
        *--out = next_block;
    fresh_ = static_cast<std::uint16_t>(fresh_ + fresh);
    return static_cast<std::uint32_t>(end - out);
}

// What the address at `offset` is that give() stopped at, if it is no live block of this slab.
Fault Slab::fault_at(std::size_t offset) const {
    if (offset >= shape().pages * layout::kPageSize) return Fault::kNone; // another slab's
    const std::uint32_t index = layout::block_index(shape(), offset);
    if (std::size_t{index} * shape().size != offset) return Fault::kInterior;
    if (index >= blocks()) return Fault::kNoBlock;
    return index >= fresh_ ? Fault::kNeverAllocated : Fault::kDoubleFree;
}

// Whether all bits from `first` to `last` are set.
bool Slab::all_free(std::uint32_t first, std::uint32_t last) const {
    constexpr std::uint64_t kAll = ~std::uint64_t{0};
    for (std::uint32_t number = first / kWordBits; number <= last / kWordBits; ++number) {
        std::uint64_t wanted = kAll;
        if (number == first / kWordBits) wanted &= kAll << (first % kWordBits);
        if (number == last / kWordBits) wanted &= kAll >> (kWordBits - 1 - last % kWordBits);
        if ((words_[number] & wanted) != wanted) return false;
    }
    return true;
}

std::uint64_t Slab::take_hollow_pages() {
    if (fresh_ == 0) return 0;
    const std::size_t touched = fresh_ * std::size_t{shape().size};
    std::uint64_t hollow = 0;
    for (std::size_t start = 0; start < touched; start += kSystemPageSize) {
        const std::uint64_t page = std::uint64_t{1} << (start / kSystemPageSize);
        if ((purged_ & page) != 0) continue;
        const std::uint32_t first = layout::block_index(shape(), start);
        const std::uint32_t last = layout::block_index(shape(), start + kSystemPageSize - 1);
        if (all_free(first, std::min<std::uint32_t>(last, fresh_ - 1U))) hollow |= page;
    }
    purged_ |= hollow;
    return hollow;
}

} // namespace ashlar::slab
