// SPDX-License-Identifier: MIT
#include "slab/slab.h"

#include "layout/metadata_pool.h"
#include "layout/superslab.h"
#include "os/page_memory.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ashlar::slab {

std::optional<std::uint64_t*> Slab::take_bitmap(layout::SizeClass c) {
    const std::size_t bytes = bitmap_bytes(c);
    if (bytes <= sizeof(inline_words_)) return nullptr;
    void* const bitmap = layout::metadata_pool.take(bytes);
    if (bitmap == nullptr) return std::nullopt;
    return static_cast<std::uint64_t*>(bitmap);
}

void Slab::give_bitmap(layout::SizeClass c, std::uint64_t* bitmap) {
    if (bitmap != nullptr) layout::metadata_pool.give(bitmap, bitmap_bytes(c));
}

void Slab::start(layout::SizeClass c, layout::Shard owner, layout::Slice first, std::uint64_t* bitmap) {
    size_class_ = c;
    shard_ = owner;
    first_slice_ = first;
    words_ = bitmap != nullptr ? bitmap : inline_words_;
    std::memset(words_, 0, bitmap_bytes(c));
    summary_ = 0;
    freed_ = 0;
    fresh_ = 0;
    purged_ = 0;
    decayed = false;
    unused_counted = 0;
}

void Slab::finish() {
    if (words_ != inline_words_) give_bitmap(size_class_, words_);
    words_ = nullptr;
}

namespace {

// Stores `count` neighbouring blocks, two at a time, the first at end[-1]. Returns the place of the last one.
void** lay_out(void** end, char* first, std::size_t size, std::uint32_t count) {
    using Pair [[gnu::vector_size(16)]] = std::uint64_t;
    const auto address = reinterpret_cast<std::uint64_t>(first);
    Pair pair = {address + size, address};
    for (; count >= 2; count -= 2) {
        end -= 2;
        std::memcpy(end, &pair, sizeof(pair));
        pair += 2 * size;
    }
    if (count != 0) *--end = reinterpret_cast<void*>(pair[1]);
    return end;
}

} // namespace

std::uint32_t Slab::take(void** end, std::uint32_t count) {
    const std::size_t size = shape().size;
    char* const start = start_address();
    void** out = end;
    void** const last = end - count;
    while (out != last && summary_ != 0) {
        const auto number = static_cast<unsigned>(std::countr_zero(summary_));
        char* const word_start = start + std::size_t{number} * kWordBits * size;
        std::uint64_t word = words_[number];
        const std::uint64_t lowest = word & (~word + 1);
        if ((word & (word + lowest)) == 0) { // one run of bits, as after a release in order
            const auto first = static_cast<unsigned>(std::countr_zero(word));
            const auto row = static_cast<unsigned>(std::countr_one(word >> first));
            const auto taken = std::min(row, static_cast<unsigned>(out - last));
            out = lay_out(out, word_start + first * size, size, taken);
            word &= ~bits_of_word(first, taken);
        } else {
            do {
                *--out = word_start + static_cast<unsigned>(std::countr_zero(word)) * size;
                word &= word - 1;
            } while (out != last && word != 0);
        }
        words_[number] = word;
        if (word == 0) summary_ &= summary_ - 1;
    }
    freed_ = static_cast<std::uint16_t>(freed_ - (end - out));
    if (out != end) return static_cast<std::uint32_t>(end - out);
    const std::uint32_t fresh = std::min(count, blocks() - fresh_);
    lay_out(end, start + std::size_t{fresh_} * size, size, fresh);
    fresh_ = static_cast<std::uint16_t>(fresh_ + fresh);
    return fresh;
}

// Returns the fault of the address at `offset` where give() stopped, or kNone if it lies in another slab.
Fault Slab::fault_at(std::size_t offset) const {
    if (offset >= shape().slices * layout::kSliceSize) return Fault::kNone; // in another slab
    const std::uint32_t index = layout::block_index(shape(), offset);
    if (std::size_t{index} * shape().size != offset) return Fault::kInterior;
    if (index >= blocks()) return Fault::kNoBlock;
    return index >= fresh_ ? Fault::kNeverAllocated : Fault::kDoubleFree;
}

// Returns whether all bits from `first` to `last` are set.
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

bool Slab::has_gaps_of(std::size_t size) const {
    std::size_t usable = 0;
    std::uint32_t begin = 0; // start of the current gap
    const auto close_gap = [&](std::uint32_t end) {
        const std::size_t bytes = std::size_t{end - begin} * shape().size;
        usable += bytes - bytes % size;
        begin = end + 1;
    };
    for_each_block_in_use(close_gap);
    close_gap(blocks());
    return usable * 4 >= std::size_t{free_blocks()} * shape().size;
}

// Returns whether no block that was ever handed out and overlaps this page is in use.
bool Slab::is_unused(std::size_t page_start) const {
    const std::uint32_t first = layout::block_index(shape(), page_start);
    const std::uint32_t last = layout::block_index(shape(), page_start + kSystemPageSize - 1);
    return all_free(first, std::min<std::uint32_t>(last, fresh_ - 1U));
}

std::uint32_t Slab::unused_pages_of(void* const* blocks, std::uint32_t count) const {
    const char* const start = start_address();
    std::uint64_t seen = 0;
    std::uint32_t unused = 0;
    for (void* const* at = blocks; at != blocks + count; ++at) {
        const auto offset = static_cast<std::size_t>(static_cast<const char*>(*at) - start);
        const std::size_t last = (offset + shape().size - 1) / kSystemPageSize;
        for (std::size_t page = offset / kSystemPageSize; page <= last; ++page) {
            if ((seen >> page & 1) != 0) continue;
            seen |= std::uint64_t{1} << page;
            if (is_unused(page * kSystemPageSize)) ++unused;
        }
    }
    return unused;
}

std::uint64_t Slab::unused_pages() const {
    if (fresh_ == 0) return 0;
    const std::size_t touched = fresh_ * std::size_t{shape().size};
    std::uint64_t unused = 0;
    for (std::size_t start = 0; start < touched; start += kSystemPageSize) {
        const std::uint64_t page = std::uint64_t{1} << (start / kSystemPageSize);
        if ((purged_ & page) != 0) continue;
        if (is_unused(start)) unused |= page;
    }
    return unused;
}

void count_absent(std::uint64_t before, std::uint64_t now) {
    const std::ptrdiff_t more = std::popcount(now) - std::popcount(before);
    if (more == 0) return;
    layout::superslabs.note_absent(more * static_cast<std::ptrdiff_t>(kSystemPageSize));
}

std::uint64_t purge_pages(char* start, std::uint64_t& pages, unsigned& calls) {
    std::uint64_t gone = 0;
    for (; pages != 0 && calls != 0; --calls) {
        const auto first = static_cast<unsigned>(std::countr_zero(pages));
        const auto count = static_cast<unsigned>(std::countr_one(pages >> first));
        const std::uint64_t run = ~std::uint64_t{0} >> (64 - count) << first;
        pages &= ~run;
        if (!os::purge(start + first * kSystemPageSize, count * kSystemPageSize)) {
            pages = 0;
            break;
        }
        gone |= run;
    }
    return gone;
}

} // namespace ashlar::slab
