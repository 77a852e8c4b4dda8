// SPDX-License-Identifier: MIT
//
// A mixed slab: one slice that holds blocks of several classes. Either it was a slab of one class and most of
// its blocks became free. Or it was made for blocks that a profiler samples, each of which has a number. Two
// bitmaps have one bit per unit of 16 bytes: units that belong to blocks, and units where a block starts.
//
// The MixedSlab object lies in the slice's descriptor, in place of a Slab. The slice's header has class 0, so
// fast paths leave the blocks alone, and names the shard.
// The caller of each function holds the lock of the shard's mixed slabs.
#pragma once

#include "layout/size_class.h"
#include "layout/window.h"
#include "slab/slab.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace ashlar::observe {
struct Tables;
}

namespace ashlar::slab {

// In a header of class 0 the shard byte says what the slice is. 5 is a slab of sampled blocks, which belong
// to no shard. 5 + s is a mixed slab of shard s.
inline constexpr unsigned kBeforeMixed = 5;
inline constexpr unsigned kMostMixingShards = 255 - kBeforeMixed;

constexpr layout::SliceHeader mixed_header(layout::Shard shard) {
    return {0, static_cast<layout::Shard>(kBeforeMixed + shard)};
}
constexpr bool is_mixed(layout::SliceHeader header) {
    return header.size_class() == 0 && header.shard() >= kBeforeMixed;
}
inline constexpr layout::SliceHeader kSampled = mixed_header(0);
constexpr layout::Shard owner_of_mixed(layout::SliceHeader header) {
    return static_cast<layout::Shard>(header.shard() - kBeforeMixed);
}

// A bitmap with one bit for each unit of a slice.
class Units {
  public:
    static constexpr unsigned kCount = layout::kSliceSize / layout::kAlignment;

    bool test(unsigned unit) const { return (words_[unit / 64] >> (unit % 64) & 1) != 0; }
    void set(unsigned first, unsigned count);
    void clear(unsigned first, unsigned count);
    // Returns the first set or clear unit from `unit` on, or kCount.
    unsigned next_set(unsigned unit) const;
    unsigned next_clear(unsigned unit) const;
    // Returns the unit behind the last set one before `unit`, or 0.
    unsigned behind_last_set(unsigned unit) const;

  private:
    template <typename Change>
    void change(unsigned first, unsigned count, Change change);

    std::array<std::uint64_t, kCount / 64> words_{};
};

class alignas(64) MixedSlab {
  public:
    // Links and place in the shard's lists.
    MixedSlab* next = nullptr;
    MixedSlab* previous = nullptr;
    std::uint8_t list = 0;

    struct Maps {
        Units used;
        Units starts;
    };

    // The number of the sampled block that starts at each unit.
    using Numbers = std::array<std::uint32_t, Units::kCount>;

    // Replaces a slab of one slice. Its blocks in use are kept.
    static MixedSlab& replace(Slab& slab, Maps* maps);
    // Starts a mixed slab in the descriptor of an unused slice.
    static MixedSlab& start(layout::Slice slice, Maps* maps, Numbers* numbers);
    // Returns the mixed slab of `slice`, whose header says so. The caller holds the shard's lock.
    static MixedSlab& at(layout::Slice slice);

    // Takes up to `count` blocks, aligned as in slabs of the class. Stores them as Slab::take, returns their
    // number.
    std::uint32_t take(layout::SizeClass c, void** end, std::uint32_t count);
    // Returns the length of the block that starts here, or 0 if none does.
    std::size_t size_of(const void* block) const;
    // Takes back a block of `size` bytes. With `with_pages` it returns the pages that are entirely free now,
    // one bit each. These pages are reserved until put_back(). Of them, `gone` hold no memory then.
    std::uint64_t give(const void* block, std::size_t size, bool with_pages);
    void put_back(std::uint64_t pages, std::uint64_t gone);
    // Pages that were purged and not used since, one bit each.
    std::uint64_t absent_pages() const { return absent_; }
    // Returns the number of the block that starts here, or 0 in a slab without numbers.
    std::uint32_t number_of(const void* block) const;
    void set_number(const void* block, std::uint32_t number);
    // Returns what is wrong with an address that starts no block in use.
    Fault fault_at(const void* address) const;

    // Estimate of the longest gap, in units. A failed take lowers it, a release raises it.
    unsigned room() const { return room_; }
    bool empty() const { return used_ == 0; }
    std::size_t used_bytes() const { return std::size_t{used_} * layout::kAlignment; }
    layout::Slice slice() const { return slice_; }
    Maps* maps() const { return maps_; }
    Numbers* numbers() const { return numbers_; }
    char* start_address() const { return layout::window.address_of(slice_); }

  private:
    friend struct observe::Tables; // publishes member offsets to other processes
    MixedSlab(const Slab& slab, Maps* maps)
        : maps_(maps), slice_(slab.first_slice()), absent_(static_cast<std::uint16_t>(slab.purged_pages())) {}

    MixedSlab(layout::Slice slice, Maps* maps, Numbers* numbers)
        : maps_(maps), numbers_(numbers), slice_(slice), absent_(0) {}

    unsigned unit_of(const void* address) const;
    bool starts_at(const void* address) const;
    void use(unsigned first, unsigned count);
    // Does the same as take(), from unit `first` on.
    std::uint32_t take_from(unsigned first, std::size_t size, void** end, std::uint32_t count);
    void free_units(unsigned first, unsigned count);

    Maps* maps_;
    Numbers* numbers_ = nullptr;
    layout::Slice slice_;
    std::uint16_t used_ = 0;    // units in use, including reserved pages
    std::uint16_t purging_ = 0; // reserved pages: used in the bitmaps, but no block
    std::uint16_t room_ = Units::kCount;
    std::uint16_t absent_;
    std::uint16_t next_ = 0; // unit behind the last sample, where the next search begins
};
static_assert(sizeof(MixedSlab) <= layout::kSlabDescriptorSize);
static_assert(layout::kSliceSize / kSystemPageSize <= 16, "a bit each in purging_ and absent_");

inline MixedSlab& MixedSlab::at(layout::Slice slice) {
    return reinterpret_cast<MixedSlab&>(slab_at(slice, 1));
}

} // namespace ashlar::slab
