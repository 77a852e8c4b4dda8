// SPDX-License-Identifier: MIT
//
// A slab: one run of slices cut into blocks of one size class, and the bitmap of its free blocks.
//
// The descriptor is out of line, in a table with one entry per slice of the window. So it follows from a
// block's address by arithmetic. Its free blocks are the set bits of a two-level bitmap and, behind them, the
// blocks that were never handed out ("fresh"). Taking prefers the lowest set bits, and the next fresh blocks
// only if there are none. So blocks come in address order, high slabs drain, and memory is first touched in
// sequence.
//
// All functions: the caller holds the lock of the bin that the slab belongs to.
#pragma once

#include "layout/size_class.h"
#include "layout/window.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace ashlar::observe {
struct Tables;
}

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
    std::uint8_t last_round = 0;     // of decay, when it served or took back blocks
    std::uint8_t unused_counted = 0; // pages, by the bin
    bool decayed = false;            // all unused pages have been purged since it served or took back blocks

    // Where a slab of class `c` keeps a bit for each block. It is memory of the metadata pool, or null if
    // they fit into the descriptor. To be had before the slab's slices are. Nothing if there is no memory.
    static std::optional<std::uint64_t*> take_bitmap(layout::SizeClass c);
    static void give_bitmap(layout::SizeClass c, std::uint64_t* bitmap);

    // Starts a slab without free bits, all of it fresh.
    void start(layout::SizeClass c, layout::Shard owner, layout::Slice first, std::uint64_t* bitmap);
    // Returns the bitmap; all blocks are free and the slices may go.
    void finish();

    // Takes up to `count` blocks that were used before or, if there is none, up to `count` fresh ones. A mix
    // of sizes would otherwise touch new memory each time that it holds a few blocks more than ever. The one
    // with the lowest address is stored at end[-1], the next at end[-2] and so on. Returns how many.
    std::uint32_t take(void** end, std::uint32_t count);

    // Takes back the blocks up to the first address that lies in another slab or is at fault. That one leaves
    // everything as if it had not been named. The first one must lie in this slab.
    struct Returned {
        std::uint32_t count;
        Fault fault; // of the next one; kNone if it is another slab's or there is none
    };
    Returned give(void* const* blocks, std::uint32_t count);

    // The system's pages of this slab, as bits, that hold free blocks only and may hold memory. And those
    // that were purged and not served since.
    std::uint64_t unused_pages() const;
    std::uint64_t purged_pages() const { return purged_; }
    void set_purged_pages(std::uint64_t pages) { purged_ = pages; }
    // How many pages became unused when these blocks were just given back.
    std::uint32_t unused_pages_of(void* const* blocks, std::uint32_t count) const;

    // A quarter of what is free lies in gaps that are long enough.
    bool has_gaps_of(std::size_t size) const;
    // Calls visit(index) for every block that is in use.
    template <typename Visit>
    void for_each_block_in_use(Visit visit) const {
        for (std::uint32_t index = 0; index < fresh_; ++index) {
            if ((words_[index / kWordBits] >> (index % kWordBits) & 1) == 0) visit(index);
        }
    }

    layout::SizeClass size_class() const { return size_class_; }
    layout::Shard shard() const { return shard_; }
    layout::Slice first_slice() const { return first_slice_; }
    std::uint32_t free_blocks() const { return freed_ + (blocks() - fresh_); }
    std::uint32_t left_blocks() const { return freed_; } // those of the free ones that were used before
    std::uint32_t blocks() const { return shape().blocks; }
    bool empty() const { return freed_ == fresh_; }
    // More than half of it was used before and is free, but not all.
    bool mostly_left() const { return freed_ * 2U > blocks() && !empty(); }
    const layout::ClassShape& shape() const { return layout::kShapes[size_class_]; }
    char* start_address() const { return layout::window.address_of(first_slice_); }

  private:
    friend struct observe::Tables; // tells other processes where things are
    static constexpr unsigned kInlineWords = 8;
    static constexpr unsigned kWordBits = 64;

    static std::size_t bitmap_bytes(layout::SizeClass c) {
        return (std::size_t{layout::kShapes[c].blocks} + kWordBits - 1) / kWordBits * sizeof(std::uint64_t);
    }

    Fault fault_at(std::size_t offset) const;
    bool all_free(std::uint32_t first, std::uint32_t last) const;
    bool is_unused(std::size_t page_start) const;

    std::uint64_t summary_ = 0;      // bit w: words_[w] is not zero
    std::uint64_t* words_ = nullptr; // inline_words_, or from the metadata pool for more than 512 blocks
    std::uint16_t freed_ = 0;        // set bits
    std::uint16_t fresh_ = 0;        // blocks from here on were never handed out
    layout::Slice first_slice_ = 0;
    layout::SizeClass size_class_ = 0;
    layout::Shard shard_ = 0;
    std::uint64_t inline_words_[kInlineWords] = {};
    std::uint64_t purged_ = 0; // system pages, since blocks were last taken
};
static_assert(layout::kMaxSlabSlices * layout::kSliceSize / kSystemPageSize <= 64, "a bit each");
static_assert(sizeof(Slab) == layout::kSlabDescriptorSize);

// So many bits from bit `first` on; at least 1, at most what the word has.
constexpr std::uint64_t bits_of_word(unsigned first, unsigned count) {
    return ~std::uint64_t{0} >> ((64 - count) % 64) << first;
}

// How many of the first blocks are neighbours, each `step` bytes behind the one before it.
inline unsigned neighbours(void* const* blocks, unsigned most, std::ptrdiff_t step) {
    const char* wanted = static_cast<const char*>(blocks[0]) + step;
    unsigned count = 1;
    for (; count != most && blocks[count] == wanted; ++count)
        wanted += step;
    return count;
}

// Most of what a flush costs is in this loop, so it only finds out that something is wrong.
inline Slab::Returned Slab::give(void* const* blocks, std::uint32_t count) {
    const layout::ClassShape shape = this->shape();
    const char* const start = start_address();
    const std::size_t touched = fresh_ * std::size_t{shape.size};
    std::uint64_t* const words = words_;
    std::uint64_t summary = summary_;
    void* const* at = blocks;
    Fault fault = Fault::kNone;
    for (void* const* const end = blocks + count; at != end;) {
        const auto offset = static_cast<std::size_t>(static_cast<const char*>(*at) - start);
        const std::size_t index = layout::block_index(shape, offset);
        const std::size_t number = index / kWordBits;
        const auto bit = static_cast<unsigned>(index % kWordBits);
        if (offset >= touched || index * shape.size != offset || (words[number] >> bit & 1) != 0) {
            fault = fault_at(offset);
            break;
        }
        summary |= std::uint64_t{1} << number;
        // Released oldest first, or newest first, they are neighbours: up to a whole word at once. If one of
        // them is free already, they come one by one.
        if (end - at > 1) {
            const std::ptrdiff_t step = static_cast<const char*>(at[1]) - static_cast<const char*>(*at);
            const auto size = static_cast<std::ptrdiff_t>(shape.size);
            if (step == size || step == -size) {
                const std::size_t above = std::min<std::size_t>(kWordBits - bit, fresh_ - index);
                const std::size_t most =
                    std::min(static_cast<std::size_t>(end - at), step > 0 ? above : bit + 1U);
                const unsigned row = neighbours(at, static_cast<unsigned>(most), step);
                const std::uint64_t bits = bits_of_word(step > 0 ? bit : bit - (row - 1), row);
                if ((words[number] & bits) == 0) {
                    words[number] |= bits;
                    at += row;
                    continue;
                }
            }
        }
        words[number] |= std::uint64_t{1} << bit;
        ++at;
    }
    summary_ = summary;
    const auto given = static_cast<std::uint32_t>(at - blocks);
    freed_ = static_cast<std::uint16_t>(freed_ + given);
    return {given, fault};
}

// What a slab holds beside a block: memory that is free and was used before, without what was given back. And
// how many blocks are in use, that one included.
struct Room {
    std::size_t free_bytes;
    std::size_t blocks;
};

// Gives pages of a slab that bits name back to the system, a row of them with each system call, until no call
// is left. Returns those that it took; the bits that are left were not offered. The first refusal is the last
// call, and no bit is left: who locked one page has mostly locked all.
std::uint64_t purge_pages(char* start, std::uint64_t& pages, unsigned& calls);
// Of the pages of a slab, those that bits named held no memory until now, and these do not from now on.
void count_absent(std::uint64_t before, std::uint64_t now);

// The descriptor of the slab that a slice of header `c` belongs to. No lock is needed.
inline Slab& slab_at(layout::Slice slice, layout::SizeClass c) {
    const layout::Slice first = slice & ~static_cast<layout::Slice>(layout::kShapes[c].slices - 1);
    return reinterpret_cast<Slab*>(layout::window.slab_descriptors.start())[first];
}

// The start of the block that an address of a slab of class `c` lies in: the address itself if it is a block.
// Null if it lies behind the last block. Reads no descriptor: no lock is needed.
inline char* block_around(const void* address, layout::SizeClass c) {
    const layout::ClassShape& shape = layout::kShapes[c];
    const layout::Slice slice = layout::window.slice_of(address);
    char* const start = layout::window.address_of(slice & ~static_cast<layout::Slice>(shape.slices - 1));
    const auto offset = static_cast<std::size_t>(static_cast<const char*>(address) - start);
    const std::uint32_t index = layout::block_index(shape, offset);
    return index < shape.blocks ? start + std::size_t{index} * shape.size : nullptr;
}

} // namespace ashlar::slab
