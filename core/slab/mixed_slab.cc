// SPDX-License-Identifier: MIT
#include "slab/mixed_slab.h"

#include <algorithm>
#include <bit>
#include <new>

namespace ashlar::slab {

namespace {

constexpr unsigned kUnitsPerPage = kSystemPageSize / layout::kAlignment;

constexpr unsigned units(std::size_t bytes) {
    return static_cast<unsigned>(bytes / layout::kAlignment);
}

} // namespace

// Calls change(word, mask) for each word that has some of the units.
template <typename Change>
void Units::change(unsigned first, unsigned count, Change change) {
    for (const unsigned end = first + count; first != end;) {
        const unsigned bit = first % 64;
        const unsigned here = std::min(64 - bit, end - first);
        change(words_[first / 64], ~std::uint64_t{0} >> (64 - here) << bit);
        first += here;
    }
}

void Units::set(unsigned first, unsigned count) {
    change(first, count, [](std::uint64_t& word, std::uint64_t mask) { word |= mask; });
}

void Units::clear(unsigned first, unsigned count) {
    change(first, count, [](std::uint64_t& word, std::uint64_t mask) { word &= ~mask; });
}

unsigned Units::next_set(unsigned unit) const {
    while (unit < kCount) {
        if (const std::uint64_t rest = words_[unit / 64] >> (unit % 64); rest != 0) {
            return unit + static_cast<unsigned>(std::countr_zero(rest));
        }
        unit = unit / 64 * 64 + 64;
    }
    return kCount;
}

unsigned Units::next_clear(unsigned unit) const {
    while (unit < kCount) {
        if (const std::uint64_t rest = ~words_[unit / 64] >> (unit % 64); rest != 0) {
            return unit + static_cast<unsigned>(std::countr_zero(rest));
        }
        unit = unit / 64 * 64 + 64;
    }
    return kCount;
}

unsigned Units::behind_last_set(unsigned unit) const {
    while (unit != 0) {
        const unsigned last = unit - 1;
        if (const std::uint64_t rest = words_[last / 64] << (63 - last % 64); rest != 0) {
            return unit - static_cast<unsigned>(std::countl_zero(rest));
        }
        unit = last / 64 * 64;
    }
    return 0;
}

MixedSlab& MixedSlab::replace(Slab& slab, Maps* maps) {
    MixedSlab mixed(slab, new (maps) Maps);
    const unsigned length = units(slab.shape().size);
    slab.for_each_block_in_use([&](std::uint32_t index) {
        maps->used.set(index * length, length);
        maps->starts.set(index * length, 1);
        mixed.used_ = static_cast<std::uint16_t>(mixed.used_ + length);
    });
    slab.finish();
    return *new (&slab) MixedSlab(mixed);
}

MixedSlab& MixedSlab::start(layout::Slice slice, Maps* maps, Numbers* numbers) {
    return *new (&slab_at(slice, 1)) MixedSlab(slice, new (maps) Maps, numbers);
}

unsigned MixedSlab::unit_of(const void* address) const {
    return units(static_cast<std::size_t>(static_cast<const char*>(address) - start_address()));
}

void MixedSlab::use(unsigned first, unsigned count) {
    maps_->used.set(first, count);
    maps_->starts.set(first, 1);
    used_ = static_cast<std::uint16_t>(used_ + count);
    const unsigned last_page = (first + count - 1) / kUnitsPerPage;
    const unsigned pages = (2U << last_page) - (1U << first / kUnitsPerPage);
    absent_ = static_cast<std::uint16_t>(absent_ & ~pages);
}

std::uint32_t MixedSlab::take_from(unsigned first, std::size_t size, void** end, std::uint32_t count) {
    const unsigned length = units(size);
    // Alignment that allocate_aligned() relies on: the largest power of two that divides the class's size.
    const unsigned alignment = units(size & (~size + 1));
    std::uint32_t taken = 0;
    while (taken != count) {
        first = (maps_->used.next_clear(first) + alignment - 1) & ~(alignment - 1);
        if (first + length > Units::kCount) break;
        const unsigned gap_end = maps_->used.next_set(first);
        for (; taken != count && first + length <= gap_end; first += length) {
            use(first, length);
            *--end = start_address() + first * layout::kAlignment;
            ++taken;
        }
        if (taken != count) first = gap_end;
    }
    if (numbers_ != nullptr) next_ = static_cast<std::uint16_t>(first);
    return taken;
}

std::uint32_t MixedSlab::take(layout::SizeClass c, void** end, std::uint32_t count) {
    const std::size_t size = layout::class_size(c);
    std::uint32_t taken = next_ != 0 ? take_from(next_, size, end, count) : 0;
    if (taken != count) taken += take_from(0, size, end - taken, count - taken);
    // Longer gaps may exist, but none that is aligned for this class.
    if (taken != count) room_ = static_cast<std::uint16_t>(units(size) - 1);
    return taken;
}

bool MixedSlab::starts_at(const void* address) const {
    const unsigned unit = unit_of(address);
    return reinterpret_cast<std::uintptr_t>(address) % layout::kAlignment == 0 && maps_->starts.test(unit) &&
           (purging_ >> (unit / kUnitsPerPage) & 1) == 0;
}

std::size_t MixedSlab::size_of(const void* block) const {
    const unsigned first = unit_of(block);
    if (!starts_at(block)) return 0;
    const unsigned end = std::min(maps_->starts.next_set(first + 1), maps_->used.next_clear(first));
    return (end - first) * layout::kAlignment;
}

std::uint32_t MixedSlab::number_of(const void* block) const {
    return numbers_ != nullptr ? (*numbers_)[unit_of(block)] : 0;
}

void MixedSlab::set_number(const void* block, std::uint32_t number) {
    (*numbers_)[unit_of(block)] = number;
}

Fault MixedSlab::fault_at(const void* address) const {
    const unsigned unit = unit_of(address);
    const bool in_use = maps_->used.test(unit) && (purging_ >> (unit / kUnitsPerPage) & 1) == 0;
    return in_use && !starts_at(address) ? Fault::kInterior : Fault::kDoubleFree;
}

void MixedSlab::free_units(unsigned first, unsigned count) {
    maps_->used.clear(first, count);
    used_ = static_cast<std::uint16_t>(used_ - count);
    const unsigned begin = maps_->used.behind_last_set(first);
    const unsigned end = maps_->used.next_set(first + count);
    room_ = static_cast<std::uint16_t>(std::max<unsigned>(room_, end - begin));
}

std::uint64_t MixedSlab::give(const void* block, std::size_t size, bool with_pages) {
    const unsigned first = unit_of(block);
    maps_->starts.clear(first, 1);
    free_units(first, units(size));
    if (!with_pages || empty()) return 0;
    std::uint64_t pages = 0;
    for (unsigned page = first / kUnitsPerPage; page <= (first + units(size) - 1) / kUnitsPerPage; ++page) {
        const unsigned begin = page * kUnitsPerPage;
        if (maps_->used.next_set(begin) < begin + kUnitsPerPage) continue;
        maps_->used.set(begin, kUnitsPerPage);
        maps_->starts.set(begin, 1); // ends the block before
        used_ = static_cast<std::uint16_t>(used_ + kUnitsPerPage);
        pages |= std::uint64_t{1} << page;
    }
    purging_ = static_cast<std::uint16_t>(purging_ | pages);
    return pages;
}

void MixedSlab::put_back(std::uint64_t pages, std::uint64_t gone) {
    purging_ = static_cast<std::uint16_t>(purging_ & ~pages);
    absent_ = static_cast<std::uint16_t>(absent_ | gone);
    for (; pages != 0; pages &= pages - 1) {
        const unsigned begin = static_cast<unsigned>(std::countr_zero(pages)) * kUnitsPerPage;
        maps_->starts.clear(begin, 1);
        free_units(begin, kUnitsPerPage);
    }
}

} // namespace ashlar::slab
