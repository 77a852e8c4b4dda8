// SPDX-License-Identifier: MIT
//
// A slab: one run of pages cut into blocks of one size class, and the bitmap of its free blocks.
//
// The descriptor is out of line, in a table with one entry per page of the window, so that it follows from a
// block's address by arithmetic. Its free blocks are the set bits of a two-level bitmap and, behind them, the
// blocks that were never handed out ("fresh"): taking prefers the lowest set bit, then the next fresh block,
// so that blocks come in address order, high slabs drain, and memory is first touched in sequence.
//
// All functions: the caller holds the lock of the bin that the slab belongs to.
#pragma once

#include "layout/size_class.h"
#include "layout/window.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace ashlar::slab {

enum class Fault : std::uint8_t { kNone, kNoBlock, kInterior, kNeverAllocated, kDoubleFree };

// The system's page size, as far as slabs give pages back one by one; where it is larger they do not.
inline constexpr std::size_t kSystemPageSize = 4096;

class alignas(64) Slab {
  public:
    // Links and place in its bin's lists; the bin's business.
    Slab* next = nullptr;
    Slab* previous = nullptr;
    std::uint8_t list = 0;
    bool tidied = false; // all hollow pages have been purged since it served or took back blocks

    // Starts a slab without free bits, all of it fresh. False if there is no memory for the bitmap.
    bool start(layout::SizeClass c, layout::Shard owner, layout::Page first);
    // Returns the bitmap; all blocks are free and the pages may go.
    void finish();

    // Takes up to `count` blocks; the one with the lowest address is stored at end[-1], the next at end[-2]
    // and so on. Returns how many.
    std::uint32_t take(void** end, std::uint32_t count);

    // The system's pages of this slab, as bits, that hold free blocks only and may hold memory: to be purged
    // by the caller, and not named again before forget_purged().
    std::uint64_t take_hollow_pages();
    void forget_purged() { purged_ = 0; }

    layout::SizeClass size_class() const { return size_class_; }
    layout::Shard shard() const { return shard_; }
    layout::Page first_page() const { return first_page_; }
    std::uint32_t free_blocks() const { return freed_ + (blocks() - fresh_); }
    std::uint32_t blocks() const { return shape().blocks; }
    bool empty() const { return freed_ == fresh_; }
    const layout::ClassShape& shape() const { return layout::kShapes[size_class_]; }
    char* start_address() const { return layout::window.address_of(first_page_); }

  private:
    friend class Returner;
    static constexpr unsigned kInlineWords = 8;
    static constexpr unsigned kWordBits = 64;

    std::size_t bitmap_bytes() const {
        return (blocks() + kWordBits - 1) / kWordBits * sizeof(std::uint64_t);
    }

    bool all_free(std::uint32_t first, std::uint32_t last) const;

    std::uint64_t summary_ = 0;      // bit w: words_[w] is not zero
    std::uint64_t* words_ = nullptr; // inline_words_, or from the metadata pool for more than 512 blocks
    std::uint16_t freed_ = 0;        // set bits
    std::uint16_t fresh_ = 0;        // blocks from here on were never handed out
    layout::Page first_page_ = 0;
    layout::SizeClass size_class_ = 0;
    layout::Shard shard_ = 0;
    std::uint64_t inline_words_[kInlineWords] = {};
    std::uint64_t purged_ = 0; // system pages, since blocks were last taken
};
static_assert(layout::kMaxSlabPages * layout::kPageSize / kSystemPageSize <= 64, "a bit each");
static_assert(sizeof(Slab) == layout::kSlabDescriptorSize);

// Returns blocks to one slab after the other, keeping the current slab, bitmap word and counts in registers:
// a read-modify-write of the descriptor for each block would be the most expensive part of a flush.
class Returner {
  public:
    explicit Returner(Slab& slab) : slab_(slab), shape_(slab.shape()), start_(slab.start_address()) {}

    // One block of this slab. On a fault the bitmap is as if the block had not been named.
    Fault add(const void* block) {
        const auto offset = static_cast<std::size_t>(static_cast<const char*>(block) - start_);
        const std::uint32_t index = layout::block_index(shape_, offset);
        if (std::size_t{index} * shape_.size != offset) return Fault::kInterior;
        if (index >= slab_.fresh_) return index < shape_.blocks ? Fault::kNeverAllocated : Fault::kNoBlock;
        const std::uint32_t number = index / Slab::kWordBits;
        if (number != word_number_) {
            store_word();
            word_number_ = number;
            word_ = slab_.words_[number];
        }
        const std::uint64_t bit = std::uint64_t{1} << (index % Slab::kWordBits);
        if ((word_ & bit) != 0) return Fault::kDoubleFree;
        word_ |= bit;
        ++added_;
        return Fault::kNone;
    }

    // Writes back what was added; returns how many blocks that were.
    std::uint32_t finish() {
        store_word();
        slab_.freed_ = static_cast<std::uint16_t>(slab_.freed_ + added_);
        return added_;
    }

  private:
    static constexpr std::uint32_t kNoWord = ~0U;

    void store_word() {
        if (word_number_ == kNoWord) return;
        slab_.words_[word_number_] = word_;
        if (word_ != 0) slab_.summary_ |= std::uint64_t{1} << word_number_;
    }

    Slab& slab_;
    const layout::ClassShape& shape_;
    const char* const start_;
    std::uint32_t word_number_ = kNoWord;
    std::uint32_t added_ = 0;
    std::uint64_t word_ = 0;
};

// The descriptor of the slab that a page of header `c` belongs to. No lock is needed.
inline Slab& slab_at(layout::Page page, layout::SizeClass c) {
    const layout::Page first = page & ~static_cast<layout::Page>(layout::kShapes[c].pages - 1);
    return reinterpret_cast<Slab*>(layout::window.slab_descriptors.start())[first];
}

// The start of the block that an address of a slab of class `c` lies in (the address itself if it is a
// block), or null if it lies behind the last block. Reads no descriptor: no lock is needed.
inline char* block_around(const void* address, layout::SizeClass c) {
    const layout::ClassShape& shape = layout::kShapes[c];
    const layout::Page page = layout::window.page_of(address);
    char* const start = layout::window.address_of(page & ~static_cast<layout::Page>(shape.pages - 1));
    const auto offset = static_cast<std::size_t>(static_cast<const char*>(address) - start);
    const std::uint32_t index = layout::block_index(shape, offset);
    return index < shape.blocks ? start + std::size_t{index} * shape.size : nullptr;
}

} // namespace ashlar::slab
