// SPDX-License-Identifier: MIT
//
// A mixed slab: one slice that holds blocks of all classes. It used to be a slab of one class, most of which
// came free. Or it was made for the blocks that a profiler samples, which have a number each. What is in use
// is known by units of 16 bytes, in two bitmaps. One has the units that belong to blocks, the other those
// that blocks start with.
//
// It stands in its slice's descriptor, where a slab would be. The slice's header has class 0, so
// that the fast paths leave its blocks alone, and tells whose it is.
//
// All functions: the caller holds the lock of the shard's mixed slabs.
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

// With class 0 the shard of a header says what else the slice is. From 6 on it is a mixed slab of shard 1 and
// above. 5 is a slab of sampled blocks, which are of no shard.
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

// One bit for each unit of a slice.
class Units {
  public:
    static constexpr unsigned kCount = layout::kSliceSize / layout::kAlignment;

    bool test(unsigned unit) const { return (words_[unit / 64] >> (unit % 64) & 1) != 0; }
    void set(unsigned first, unsigned count);
    void clear(unsigned first, unsigned count);
    // From `unit` on, the first that is set or clear; kCount if there is none.
    unsigned next_set(unsigned unit) const;
    unsigned next_clear(unsigned unit) const;
    // Behind the last one before `unit` that is set; 0 if there is none.
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

    // In the place of the slab, a single slice whose blocks in use stay where they are.
    static MixedSlab& replace(Slab& slab, Maps* maps);
    // In the descriptor of a slice that nobody uses.
    static MixedSlab& start(layout::Slice slice, Maps* maps, Numbers* numbers);
    // In the descriptor of a slice whose header says so, to the shard's lock.
    static MixedSlab& at(layout::Slice slice);

    // Up to `count` blocks of the class, aligned as all blocks of the class are, stored as Slab::take does;
    // how many there was room for.
    std::uint32_t take(layout::SizeClass c, void** end, std::uint32_t count);
    // The length of the block that starts here; 0 if none does.
    std::size_t size_of(const void* block) const;
    // The block has this length. Returns the system's pages that are free as a whole since, as bits. They are
    // nobody's until they are put back; `gone` hold no memory then.
    std::uint64_t give(const void* block, std::size_t size, bool with_pages);
    void put_back(std::uint64_t pages, std::uint64_t gone);
    // Those that were given back and not taken since.
    std::uint64_t absent_pages() const { return absent_; }
    // Of a block that starts here, in a slab with numbers. Elsewhere all are 0.
    std::uint32_t number_of(const void* block) const;
    void set_number(const void* block, std::uint32_t number);
    // What an address is that is not the start of the block that it should be.
    Fault fault_at(const void* address) const;

    // So many units may be found side by side. A search in vain lowers it, a release raises it.
    unsigned room() const { return room_; }
    bool empty() const { return used_ == 0; }
    std::size_t used_bytes() const { return std::size_t{used_} * layout::kAlignment; }
    layout::Slice slice() const { return slice_; }
    Maps* maps() const { return maps_; }
    Numbers* numbers() const { return numbers_; }
    char* start_address() const { return layout::window.address_of(slice_); }

  private:
    friend struct observe::Tables; // tells other processes where things are
    MixedSlab(const Slab& slab, Maps* maps)
        : maps_(maps), slice_(slab.first_slice()), absent_(static_cast<std::uint16_t>(slab.purged_pages())) {}

    MixedSlab(layout::Slice slice, Maps* maps, Numbers* numbers)
        : maps_(maps), numbers_(numbers), slice_(slice), absent_(0) {}

    unsigned unit_of(const void* address) const;
    bool starts_at(const void* address) const;
    void use(unsigned first, unsigned count);
    // From `first` on.
    std::uint32_t take_from(unsigned first, std::size_t size, void** end, std::uint32_t count);
    void free_units(unsigned first, unsigned count);

    Maps* maps_;
    Numbers* numbers_ = nullptr;
    layout::Slice slice_;
    std::uint16_t used_ = 0;    // units, with those of pages that are to be put back
    std::uint16_t purging_ = 0; // these pages: blocks by the bitmaps, but nobody's
    std::uint16_t room_ = Units::kCount;
    std::uint16_t absent_;
    std::uint16_t next_ = 0; // of samples: where the last one ended, from where on the next is looked for
};
static_assert(sizeof(MixedSlab) <= layout::kSlabDescriptorSize);
static_assert(layout::kSliceSize / kSystemPageSize <= 16, "a bit each in purging_ and absent_");

inline MixedSlab& MixedSlab::at(layout::Slice slice) {
    return reinterpret_cast<MixedSlab&>(slab_at(slice, 1));
}

} // namespace ashlar::slab
