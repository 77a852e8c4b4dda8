// SPDX-License-Identifier: MIT
//
// A slab: one run of slices cut into blocks of one size class, and the bitmap of its free blocks.
//
// The descriptor lies in a table with one entry per slice of the window, so a block's address gives it by
// arithmetic. Free blocks are the set bits of a two-level bitmap, and the blocks behind them that were never
// handed out ("fresh"). Taking prefers the lowest set bits, and takes fresh blocks only if no bit is set. So
// blocks are handed out in address order, high slabs drain, and memory is first touched in sequence.
// The caller of each function holds the lock of the slab's bin.
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

// The page size for which slabs purge single pages. With larger pages they purge none.
inline constexpr std::size_t kSystemPageSize = 4096;

class alignas(64) Slab {
  public:
    // Links and place in the bin's lists. Only the bin uses them.
    Slab* next = nullptr;
    Slab* previous = nullptr;
    std::uint8_t list = 0;
    std::uint8_t last_round = 0;     // decay round of the last take or return
    std::uint8_t unused_counted = 0; // unused pages that the bin has counted
    // All unused pages have been purged since the last take or return.
    bool decayed = false;

    // Provides the bitmap of a slab of class `c`, with one bit per block. The result is memory of the
    // metadata pool, or null if the bits fit into the descriptor. It is empty if there is no memory. Call it
    // before taking the slab's slices.
    static std::optional<std::uint64_t*> take_bitmap(layout::SizeClass c);
    static void give_bitmap(layout::SizeClass c, std::uint64_t* bitmap);

    // Starts a slab whose blocks are all fresh.
    void start(layout::SizeClass c, layout::Shard owner, layout::Slice first, std::uint64_t* bitmap);
    // Returns the bitmap to the metadata pool. All blocks must be free. The caller returns the slices.
    void finish();

    // Takes up to `count` used blocks, or up to `count` fresh blocks if no used one is free. Mixing both
    // would touch new memory whenever a program holds a few more blocks than before. Stores the lowest
    // address at end[-1], the next at end[-2] and so on. Returns the number of blocks.
    std::uint32_t take(void** end, std::uint32_t count);

    // Takes back blocks up to the first address that lies in another slab or is at fault. That address
    // changes nothing. The first address must lie in this slab.
    struct Returned {
        std::uint32_t count;
        // Fault of the address behind the returned ones. kNone if it lies in another slab or there is none.
        Fault fault;
    };
    Returned give(void* const* blocks, std::uint32_t count);

    // Return pages of this slab, one bit each. Unused pages have only free blocks and may hold memory. Purged
    // pages were purged and the slab has not become current since.
    std::uint64_t unused_pages() const;
    std::uint64_t purged_pages() const { return purged_; }
    void set_purged_pages(std::uint64_t pages) { purged_ = pages; }
    // Returns how many pages became unused when `blocks` were given back just now.
    std::uint32_t unused_pages_of(void* const* blocks, std::uint32_t count) const;

    // Returns whether gaps that hold blocks of `size` bytes have at least a quarter of the free memory.
    bool has_gaps_of(std::size_t size) const;
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
    std::uint32_t left_blocks() const { return freed_; } // free blocks that were used before
    std::uint32_t blocks() const { return shape().blocks; }
    bool empty() const { return freed_ == fresh_; }
    // Returns whether more than half of the blocks are free after use, and some block is in use.
    bool mostly_left() const { return freed_ * 2U > blocks() && !empty(); }
    const layout::ClassShape& shape() const { return layout::kShapes[size_class_]; }
    char* start_address() const { return layout::window.address_of(first_slice_); }

  private:
    friend struct observe::Tables; // publishes member offsets to other processes
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
    std::uint16_t fresh_ = 0;        // blocks from this index on were never handed out
    layout::Slice first_slice_ = 0;
    layout::SizeClass size_class_ = 0;
    layout::Shard shard_ = 0;
    std::uint64_t inline_words_[kInlineWords] = {};
    std::uint64_t purged_ = 0; // purged pages, one bit each
};
static_assert(layout::kMaxSlabSlices * layout::kSliceSize / kSystemPageSize <= 64, "a bit each");
static_assert(sizeof(Slab) == layout::kSlabDescriptorSize);

// Returns a mask of `count` bits from bit `first` on. `count` is at least 1, and the bits lie in one word.
constexpr std::uint64_t bits_of_word(unsigned first, unsigned count) {
    return ~std::uint64_t{0} >> ((64 - count) % 64) << first;
}

// Returns how many of the first blocks are neighbours, each `step` bytes behind the one before.
inline unsigned neighbours(void* const* blocks, unsigned most, std::ptrdiff_t step) {
    const char* wanted = static_cast<const char*>(blocks[0]) + step;
    unsigned count = 1;
    for (; count != most && blocks[count] == wanted; ++count)
        wanted += step;
    return count;
}

// Most of a flush's time is spent in this loop. So the loop only detects a fault, and fault_at() names it.
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
        // Blocks released in address order, up or down, are neighbours. Their bits are set together, up to a
        // word at once. If one of them is free already, they are returned one at a time.
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

// A slab as seen from one of its blocks: bytes that are free, used before and not purged, and the blocks in
// use. The count includes that block.
struct Room {
    std::size_t free_bytes;
    std::size_t blocks;
};

// Purges the pages of a slab that `pages` names, with one system call per run of pages, until `calls` is 0.
// Returns the purged pages, and leaves in `pages` those that no call was left for. A refusal ends the work
// and clears `pages`: a program that locks one page mostly locks all.
std::uint64_t purge_pages(char* start, std::uint64_t& pages, unsigned& calls);
// Adjusts the superslabs' count of absent memory for one slab, from the pages `before` to the pages `now`.
void count_absent(std::uint64_t before, std::uint64_t now);

// Returns the descriptor of the slab of class `c` that `slice` belongs to. Needs no lock.
inline Slab& slab_at(layout::Slice slice, layout::SizeClass c) {
    const layout::Slice first = slice & ~static_cast<layout::Slice>(layout::kShapes[c].slices - 1);
    return reinterpret_cast<Slab*>(layout::window.slab_descriptors.start())[first];
}

// Returns the start of the block of class `c` that `address` lies in, or null behind the last block. Reads no
// descriptor and needs no lock.
inline char* block_around(const void* address, layout::SizeClass c) {
    const layout::ClassShape& shape = layout::kShapes[c];
    const layout::Slice slice = layout::window.slice_of(address);
    char* const start = layout::window.address_of(slice & ~static_cast<layout::Slice>(shape.slices - 1));
    const auto offset = static_cast<std::size_t>(static_cast<const char*>(address) - start);
    const std::uint32_t index = layout::block_index(shape, offset);
    return index < shape.blocks ? start + std::size_t{index} * shape.size : nullptr;
}

} // namespace ashlar::slab
