// SPDX-License-Identifier: MIT
#include "observe/heap_map.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace ashlar::observe {

namespace {

using process::Address;
using process::Memory;
using process::PageSpan;

// A slice has 16 units of 4 KiB, the smallest system page. A mask has a bit per unit.
constexpr std::uint64_t kUnit = 4096;
constexpr std::uint64_t kUnitsOfSlice = 16;
constexpr std::uint64_t kSlice = kUnit * kUnitsOfSlice;
constexpr std::uint64_t kMostSlabSlices = 4;
constexpr std::uint64_t kMostSlices = std::uint64_t{1} << 27; // 8 TiB
constexpr std::uint64_t kGroupSize = 64;

struct SliceMemory {
    std::uint16_t present = 0;
    std::uint16_t swapped = 0;
    std::uint16_t huge = 0;
};

void mark(std::vector<SliceMemory>& slices, const PageSpan& span, Address base) {
    if (span.end <= base) {
        return;
    }
    const std::uint64_t first = (std::max(span.begin, base) - base) / kUnit;
    const std::uint64_t last = std::min((span.end - base) / kUnit, slices.size() * kUnitsOfSlice);
    for (std::uint64_t unit = first; unit < last; ++unit) {
        SliceMemory& slice = slices[unit / kUnitsOfSlice];
        const auto bit = static_cast<std::uint16_t>(1U << (unit % kUnitsOfSlice));
        slice.present |= span.is_present ? bit : std::uint16_t{0};
        slice.swapped |= span.is_swapped ? bit : std::uint16_t{0};
        slice.huge |= span.is_huge ? bit : std::uint16_t{0};
    }
}

template <typename Number>
Number number_in(std::span<const unsigned char> bytes, std::uint64_t offset) {
    Number value = 0;
    if (offset <= bytes.size() && bytes.size() - offset >= sizeof value) {
        std::memcpy(&value, bytes.data() + offset, sizeof value);
    }
    return value;
}

// The heap's tables of slices.
struct SliceTables {
    std::vector<std::uint16_t> headers;     // by slice
    std::vector<unsigned char> states;      // by superslab
    std::vector<unsigned char> descriptors; // by slice; 0 where none was requested
    std::vector<ashlar_class_row> rows;
};

constexpr unsigned class_of(std::uint16_t header) {
    return header & 0xffU;
}
constexpr unsigned shard_of(std::uint16_t header) {
    return header >> 8U;
}
constexpr bool has_descriptor(std::uint16_t header) {
    return class_of(header) != 0 || shard_of(header) == ASHLAR_SLICE_LARGE ||
           shard_of(header) >= ASHLAR_SLICE_SAMPLED;
}

std::optional<std::vector<unsigned char>> read_descriptors(const Memory& memory, const ashlar_tables& tables,
                                                           Address start,
                                                           const std::vector<std::uint16_t>& headers) {
    const std::uint64_t stride = tables.descriptor_stride;
    std::vector<unsigned char> all(headers.size() * stride);
    std::vector<Memory::Piece> pieces;
    // Read only descriptors in use. Reading untouched memory gives the process page tables.
    for (std::size_t slice = 0; slice < headers.size(); ++slice) {
        if (!has_descriptor(headers[slice])) {
            continue;
        }
        unsigned char* const to = all.data() + slice * stride;
        constexpr std::size_t kLongest = std::size_t{64} << 10;
        if (!pieces.empty() && static_cast<unsigned char*>(pieces.back().to) + pieces.back().size == to &&
            pieces.back().size < kLongest) {
            pieces.back().size += stride;
        } else {
            pieces.push_back({.address = start + slice * stride, .to = to, .size = stride});
        }
    }
    return memory.read_pieces(pieces) ? std::optional(std::move(all)) : std::nullopt;
}

std::optional<SliceTables> read_tables(const Memory& memory, const ashlar_tables& tables,
                                       std::uint64_t slices) {
    const auto address_in = [&](const void* place) {
        return memory.read<Address>(reinterpret_cast<Address>(place)).value_or(0);
    };
    const std::uint64_t groups =
        (slices + tables.superslab_slices * kGroupSize - 1) / (tables.superslab_slices * kGroupSize);
    SliceTables read;
    read.headers = memory.read<std::uint16_t>(address_in(tables.headers_start), slices);
    read.states = memory.read<unsigned char>(address_in(tables.states_start), groups * tables.group_stride);
    read.rows = memory.read<ashlar_class_row>(reinterpret_cast<Address>(tables.class_rows), tables.classes);
    if (read.headers.empty() || read.states.empty() || read.rows.empty()) {
        return std::nullopt;
    }
    auto descriptors = read_descriptors(memory, tables, address_in(tables.descriptors_start), read.headers);
    if (!descriptors) {
        return std::nullopt;
    }
    read.descriptors = std::move(*descriptors);
    return read;
}

// Bytes of blocks in use, by unit of a slab.
using UsedBytes = std::array<std::uint32_t, kUnitsOfSlice * kMostSlabSlices>;

void add_block(UsedBytes& used, std::uint64_t begin, std::uint64_t size) {
    for (std::uint64_t end = begin + size; begin < end;) {
        const std::uint64_t unit = begin / kUnit;
        if (unit >= used.size()) {
            return;
        }
        const std::uint64_t part = std::min(end, (unit + 1) * kUnit) - begin;
        used[unit] += static_cast<std::uint32_t>(part);
        begin += part;
    }
}

class Mapper {
  public:
    Mapper(const Memory& memory, const ashlar_tables& tables, const SliceTables& read, Address base)
        : memory_(memory), tables_(tables), read_(read), base_(base) {
        result_.classes.resize(tables.classes);
    }

    std::optional<HeapMemory> map(const std::vector<SliceMemory>& slices) {
        for (std::uint64_t slice = 0; slice < slices.size();) {
            slice += add(slices, slice);
        }
        return read_bitmaps() ? std::optional(std::move(result_)) : std::nullopt;
    }

  private:
    using Slices = std::vector<SliceMemory>;

    struct Slab {
        std::uint64_t first = 0;
        std::uint64_t slices = 1;
        unsigned size_class = 0; // 0: mixed
        std::uint64_t size = 0;  // of a block, in bytes
        std::uint64_t blocks = 0;
        std::uint64_t fresh = 0; // first block that was never handed out
        std::uint64_t freed = 0;
        std::uint64_t purged = 0; // mask of units
        std::uint64_t present = 0;
        std::uint64_t swapped = 0;
        std::uint64_t huge = 0;
        std::vector<std::uint64_t> bitmap{}; // free blocks; in a mixed slab, used 16-byte cells
    };

    std::span<const unsigned char> descriptor(std::uint64_t slice) const {
        return std::span(read_.descriptors)
            .subspan(slice * tables_.descriptor_stride, tables_.descriptor_stride);
    }

    struct Free {
        bool free;
        bool dirty;
    };
    Free state_of(std::uint64_t slice) const {
        const std::uint64_t superslab = slice / tables_.superslab_slices;
        const std::uint64_t bit = slice % tables_.superslab_slices;
        const std::uint64_t state = superslab / kGroupSize * tables_.group_stride + tables_.group_states +
                                    superslab % kGroupSize * tables_.state_stride;
        const auto mask = [&](std::uint64_t offset) {
            return (number_in<std::uint32_t>(read_.states, state + offset) >> bit & 1U) != 0;
        };
        return {.free = mask(tables_.state_free), .dirty = mask(tables_.state_dirty)};
    }

    // Adds the block, slab or slice that begins at `slice`. Returns its length in slices.
    std::uint64_t add(const Slices& slices, std::uint64_t slice) {
        const std::uint16_t header = read_.headers[slice];
        if (header == ASHLAR_SLICE_NOT_OURS) {
            return 1;
        }
        if (const Free state = state_of(slice); state.free) {
            add_free(slices[slice], state.dirty);
            return 1;
        }
        if (class_of(header) != 0 && class_of(header) < read_.rows.size()) {
            return add_slab(slices, slice, class_of(header));
        }
        if (class_of(header) == 0 && shard_of(header) == ASHLAR_SLICE_LARGE) {
            return add_large(slices, slice);
        }
        if (class_of(header) == 0 && shard_of(header) >= ASHLAR_SLICE_SAMPLED) {
            add_mixed(slices, slice);
            return 1;
        }
        result_.kept += bytes(slices[slice].present);
        return 1;
    }

    static std::uint64_t bytes(std::uint64_t mask) {
        return static_cast<std::uint64_t>(std::popcount(mask)) * kUnit;
    }

    void add_free(const SliceMemory& slice, bool is_dirty) {
        const std::uint64_t in_huge = is_dirty ? 0 : bytes(slice.present & slice.huge);
        result_.clean_in_huge += in_huge;
        result_.dirty += bytes(slice.present) - in_huge;
        result_.clean += kSlice - bytes(slice.present);
    }

    std::uint64_t add_large(const Slices& slices, std::uint64_t first) {
        const std::uint64_t length = std::clamp<std::uint64_t>(
            number_in<std::uint32_t>(descriptor(first), tables_.large_slices_here), 1, slices.size() - first);
        for (std::uint64_t slice = first; slice < first + length; ++slice) {
            result_.blocks += bytes(slices[slice].present);
            result_.blocks_swapped += bytes(slices[slice].swapped);
            result_.blocks_absent += kSlice - bytes(slices[slice].present | slices[slice].swapped);
            note_huge(slice, slices[slice].present & slices[slice].huge);
        }
        return length;
    }

    std::uint64_t add_slab(const Slices& slices, std::uint64_t slice, unsigned size_class) {
        const ashlar_class_row& row = read_.rows[size_class];
        const std::uint64_t length = std::clamp<std::uint64_t>(row.slices, 1, kMostSlabSlices);
        if (slice % length != 0 || length > slices.size() - slice) { // torn read: its first slice is changing
            result_.kept += bytes(slices[slice].present);
            return 1;
        }
        Slab slab{.first = slice, .slices = length, .size_class = size_class, .size = row.size};
        const auto facts = descriptor(slice);
        slab.blocks =
            std::min<std::uint64_t>(row.blocks, length * kSlice / std::max<std::uint64_t>(row.size, 16));
        slab.fresh =
            std::min<std::uint64_t>(number_in<std::uint16_t>(facts, tables_.slab_fresh), slab.blocks);
        slab.freed = std::min<std::uint64_t>(number_in<std::uint16_t>(facts, tables_.slab_freed), slab.fresh);
        slab.purged = number_in<std::uint64_t>(facts, tables_.slab_purged);
        take_memory(slab, slices);
        if (slab.freed == 0) {
            add_by_units(slab, all_used(slab));
        } else {
            want_bitmap(std::move(slab), number_in<std::uint64_t>(facts, tables_.slab_words),
                        (row.blocks + 63) / 64);
        }
        return length;
    }

    void add_mixed(const Slices& slices, std::uint64_t slice) {
        Slab slab{.first = slice};
        take_memory(slab, slices);
        want_bitmap(std::move(slab), number_in<std::uint64_t>(descriptor(slice), tables_.mixed_slab_maps),
                    kSlice / 16 / 64);
    }

    static void take_memory(Slab& slab, const Slices& slices) {
        for (std::uint64_t index = 0; index < slab.slices; ++index) {
            const SliceMemory& slice = slices[slab.first + index];
            const std::uint64_t shift = index * kUnitsOfSlice;
            slab.present |= std::uint64_t{slice.present} << shift;
            slab.swapped |= std::uint64_t{slice.swapped} << shift;
            slab.huge |= std::uint64_t{slice.huge} << shift;
        }
    }

    void want_bitmap(Slab slab, Address address, std::uint64_t words) {
        slab.bitmap.resize(words);
        waiting_.push_back(std::move(slab));
        pieces_.push_back({.address = address, .to = nullptr, .size = words * sizeof(std::uint64_t)});
    }

    bool read_bitmaps() {
        for (std::size_t index = 0; index < waiting_.size(); ++index) {
            pieces_[index].to = waiting_[index].bitmap.data();
        }
        if (!memory_.read_pieces(pieces_)) {
            return false;
        }
        for (const Slab& slab : waiting_) {
            add_by_units(slab, slab.size_class == 0 ? used_of_mixed(slab) : used_by_bitmap(slab));
        }
        return true;
    }

    static UsedBytes all_used(const Slab& slab) {
        UsedBytes used{};
        const std::uint64_t end = slab.fresh * slab.size;
        for (std::uint64_t unit = 0; unit * kUnit < end; ++unit) {
            used[unit] = static_cast<std::uint32_t>(std::min(end - unit * kUnit, kUnit));
        }
        return used;
    }

    static UsedBytes used_by_bitmap(const Slab& slab) {
        UsedBytes used{};
        if (slab.freed == slab.fresh) {
            return used;
        }
        for (std::uint64_t block = 0; block < slab.fresh; ++block) {
            if ((slab.bitmap[block / 64] >> (block % 64) & 1U) == 0) {
                add_block(used, block * slab.size, slab.size);
            }
        }
        return used;
    }

    static UsedBytes used_of_mixed(const Slab& slab) {
        UsedBytes used{};
        constexpr std::uint64_t kWordsOfUnit = kUnit / 16 / 64;
        for (std::uint64_t word = 0; word < slab.bitmap.size(); ++word) {
            used[word / kWordsOfUnit] += static_cast<std::uint32_t>(std::popcount(slab.bitmap[word])) * 16U;
        }
        return used;
    }

    void add_by_units(const Slab& slab, const UsedBytes& used) {
        HeapMemory::OfClass& sums = result_.classes[slab.size_class];
        for (std::uint64_t unit = 0; unit < slab.slices * kUnitsOfSlice; ++unit) {
            const auto is_in = [unit](std::uint64_t mask) { return (mask >> unit & 1U) != 0; };
            const std::uint64_t blocks = std::min<std::uint64_t>(used[unit], kUnit);
            const std::uint64_t free = kUnit - blocks;
            if (is_in(slab.present)) {
                const bool is_untouched =
                    blocks == 0 && (is_in(slab.purged) || unit * kUnit >= slab.fresh * slab.size);
                if (is_untouched && is_in(slab.huge) && slab.size_class != 0) {
                    result_.clean_in_huge += kUnit;
                } else {
                    result_.blocks += blocks;
                    result_.free_in_slabs += free;
                    result_.unused += blocks == 0 ? kUnit : 0;
                    sums.blocks_present += blocks;
                    sums.free_present += free;
                }
                if (blocks != 0 && is_in(slab.huge)) {
                    note_huge(slab.first + unit / kUnitsOfSlice,
                              static_cast<std::uint16_t>(1U << (unit % kUnitsOfSlice)));
                }
            } else {
                (is_in(slab.swapped) ? result_.blocks_swapped : result_.blocks_absent) += blocks;
                result_.free_absent += free;
                sums.blocks_absent += blocks;
                sums.free_absent += free;
            }
        }
    }

    void note_huge(std::uint64_t slice, unsigned mask) {
        for (unsigned unit = 0; mask != 0; ++unit, mask >>= 1U) {
            if ((mask & 1U) == 0) {
                continue;
            }
            const Address begin = base_ + slice * kSlice + unit * kUnit;
            auto& spans = result_.huge_in_use;
            if (!spans.empty() && spans.back().end == begin) {
                spans.back().end += kUnit;
            } else {
                spans.push_back({.begin = begin, .end = begin + kUnit, .is_present = true, .is_huge = true});
            }
        }
    }

    const Memory& memory_;
    const ashlar_tables& tables_;
    const SliceTables& read_;
    Address base_;
    HeapMemory result_;
    std::vector<Slab> waiting_; // slabs whose bitmaps are still to be read
    std::vector<Memory::Piece> pieces_;
};

bool is_plausible(const ashlar_tables& tables) {
    constexpr std::uint32_t kMostStride = 1U << 16;
    return tables.slice_bytes == kSlice && tables.superslab_slices == 32 && tables.descriptor_stride > 0 &&
           tables.descriptor_stride <= kMostStride && tables.group_stride > 0 &&
           tables.group_stride <= kMostStride && tables.classes > 1 && tables.classes <= 256;
}

} // namespace

std::optional<HeapPlace> heap_place(const Memory& memory, const Library& library) {
    const ashlar_tables& tables = library.tables;
    struct Part {
        const void* start;
        const void* bytes;
    };
    const std::array parts{Part{tables.headers_start, tables.headers_bytes},
                           Part{tables.descriptors_start, tables.descriptors_bytes},
                           Part{tables.states_start, tables.states_bytes},
                           Part{tables.caches_start, tables.caches_bytes},
                           Part{tables.pool_start, tables.pool_bytes},
                           Part{tables.live_table_start, tables.live_table_bytes}};
    std::array<std::uint64_t, 2 * parts.size() + 2> values{};
    std::vector<Memory::Piece> pieces;
    const auto want = [&](const void* place, std::uint64_t& to) {
        if (place != nullptr) {
            pieces.push_back({.address = reinterpret_cast<Address>(place), .to = &to, .size = sizeof to});
        }
    };
    want(tables.window_base, values[0]);
    want(tables.window_in_use, values[1]);
    for (std::size_t index = 0; index < parts.size(); ++index) {
        want(parts[index].start, values[2 + 2 * index]);
        want(parts[index].bytes, values[3 + 2 * index]);
    }
    if (!memory.read_pieces(pieces)) {
        return std::nullopt;
    }
    const auto fits = [](Address begin, std::uint64_t size) { return size <= ~begin; };
    if (values[1] > kMostSlices * kSlice / 16 || !fits(values[0], values[1] * 16)) {
        return std::nullopt;
    }
    HeapPlace place{.window = {.begin = values[0], .end = values[0] + values[1] * 16}, .tables = {}};
    for (std::size_t index = 0; index < parts.size(); ++index) {
        const Address begin = values[2 + 2 * index];
        const std::uint64_t size = values[3 + 2 * index];
        if (begin != 0 && size != 0 && fits(begin, size)) {
            place.tables.push_back({.begin = begin, .end = begin + size});
        }
    }
    return place;
}

std::optional<HeapMemory> map_heap(const Memory& memory, const Library& library, const HeapPlace& place,
                                   const process::Residency& residency) {
    HeapMemory result;
    const std::uint64_t count = (place.window.end - place.window.begin) / kSlice;
    if (count > kMostSlices || !is_plausible(library.tables)) {
        return std::nullopt;
    }
    result.classes.resize(library.tables.classes);
    if (count != 0) {
        const auto read = read_tables(memory, library.tables, count);
        const auto spans = read ? residency.spans(place.window.begin, place.window.end) : std::nullopt;
        if (!spans) {
            return std::nullopt;
        }
        std::vector<SliceMemory> slices(count);
        for (const PageSpan& span : *spans) {
            mark(slices, span, place.window.begin);
        }
        auto mapped = Mapper(memory, library.tables, *read, place.window.begin).map(slices);
        if (!mapped) {
            return std::nullopt;
        }
        result = std::move(*mapped);
    }
    for (const Interval& table : place.tables) {
        const auto spans = residency.spans(table.begin, table.end);
        if (!spans) {
            return std::nullopt;
        }
        for (const PageSpan& span : *spans) {
            result.metadata += span.is_present ? span.size() : 0;
        }
    }
    return result;
}

} // namespace ashlar::observe
