// SPDX-License-Identifier: MIT
//
// The window: one reservation of address space in which every block of ours lies, and the header lines that
// answer "what is this address?".
//
//   base                                                                              base + size
//   | page headers | guard | superslab | superslab | … | guard | slab descriptors | superslab states |
//                            2 MiB each                        | thread chunks | metadata pool |
//
// Whether an address is ours is one subtraction and one comparison, for null and foreign pointers alike, and
// touches nothing. The header of a 64 KiB page is two bytes, {class, shard}; the 32 of a superslab are one
// cache line. Headers of pages that are no slab, metadata included, are zero: class 0. All of it is readable
// from the start, so that asking about any address of the window is safe.
//
// Each part of the metadata is committed in steps as it grows; nothing that a program writes past its blocks
// reaches it, because guards lie between.
//
// Reserved once, by the first call or the start-up hook, under the heap's lock for that; constant after. A
// thread that reads half of it meanwhile takes every address for foreign, and none can be ours yet.
#pragma once

#include "layout/page_run.h"
#include "layout/size_class.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::layout {

using Shard = std::uint8_t; // the number of a shard; 0 is none
using Page = std::uint32_t; // the number of a 64 KiB page, from the window's base

inline constexpr unsigned kSuperslabShift = 21;
inline constexpr std::size_t kSuperslabSize = std::size_t{1} << kSuperslabShift;
static_assert(kSuperslabSize == kPagesPerSuperslab * kPageSize);
inline constexpr std::size_t kSlabDescriptorSize = 128;          // set aside for each page
inline constexpr std::size_t kSuperslabStateSize = 32;           // set aside for each superslab
inline constexpr std::size_t kMinWindow = std::size_t{64} << 20; // below it the fallback serves everything

// A shard, placed as in a page header.
class ShardWord {
  public:
    constexpr ShardWord() = default;
    constexpr explicit ShardWord(Shard shard) : word_(static_cast<unsigned>(shard) << 8) {}
    constexpr Shard shard() const { return static_cast<Shard>(word_ >> 8); }

  private:
    friend class PageHeader;
    unsigned word_ = 0;
};

inline bool is_page_start(const void* address) {
    return reinterpret_cast<std::uintptr_t>(address) % kPageSize == 0;
}

// {class, shard}, in one word so that free compares and indexes without taking it apart.
class PageHeader {
  public:
    constexpr PageHeader() = default;
    constexpr PageHeader(SizeClass c, Shard s) : word_(static_cast<std::uint16_t>(c | s << 8)) {}

    constexpr SizeClass size_class() const { return static_cast<SizeClass>(word_ & 0xff); }
    constexpr Shard shard() const { return static_cast<Shard>(word_ >> 8); }

    // The class if the page is of this shard, otherwise 256 or more.
    constexpr unsigned class_within(ShardWord shard) const { return word_ ^ shard.word_; }

    friend constexpr bool operator==(PageHeader, PageHeader) = default;

  private:
    std::uint16_t word_ = 0;
};
using AtomicPageHeader = std::atomic<PageHeader>;
static_assert(sizeof(AtomicPageHeader) == 2 && AtomicPageHeader::is_always_lock_free);

// A stretch of reserved metadata that is committed from its start in steps.
class MetadataPart {
  public:
    void place(std::uintptr_t start, std::size_t size);
    // Makes at least the first `needed` bytes usable; false if the part or the system has no more. The caller
    // holds the lock that guards what is in the part.
    bool grow_to(std::size_t needed);

    std::uintptr_t start() const { return start_; }
    std::size_t size() const { return size_; }
    std::size_t committed() const { return committed_.load(std::memory_order_relaxed); }

  private:
    std::uintptr_t start_ = 0;
    std::size_t size_ = 0;
    std::atomic<std::size_t> committed_{0};
};

struct Window {
    // No user address lies within `size` of the initial base: until the window is reserved all are foreign.
    std::uintptr_t base = std::uintptr_t{1} << 63;
    std::size_t size = 0;

    Page first_page = 0; // superslabs are the pages [first_page, end_page)
    Page end_page = 0;
    MetadataPart header_lines;
    MetadataPart slab_descriptors;
    MetadataPart superslab_states;
    MetadataPart threads;
    MetadataPart pool;

    // Reserves `wanted` bytes, or as much of it as fits by halving. A limited address space is shared with
    // the fallback, stacks and files, so then at most half of what fits is taken. False below kMinWindow.
    bool reserve(std::size_t wanted);

    bool contains(const void* address) const { return offset_of(address) < size; }
    std::size_t offset_of(const void* address) const {
        return reinterpret_cast<std::uintptr_t>(address) - base;
    }
    Page page_of(const void* address) const { return static_cast<Page>(offset_of(address) >> kPageShift); }
    char* address_of(Page page) const {
        return reinterpret_cast<char*>(base + (std::size_t{page} << kPageShift));
    }
    PageHeader header_of(const void* address) const { return header(page_of(address)); }
    PageHeader header(Page page) const { return headers()[page].load(std::memory_order_relaxed); }
    PageHeader header_at(std::size_t offset) const {
        return headers()[offset >> kPageShift].load(std::memory_order_relaxed);
    }

    // Writable headers and slab descriptors for all pages below `end`; then headers may be set.
    bool commit_page_tables(Page end) {
        return header_lines.grow_to(end * sizeof(AtomicPageHeader)) &&
               slab_descriptors.grow_to(end * kSlabDescriptorSize);
    }
    void set_headers(Page first, unsigned count, PageHeader header) {
        for (unsigned i = 0; i < count; ++i)
            headers()[first + i].store(header, std::memory_order_relaxed);
    }

    std::size_t metadata_committed() const;

  private:
    // The first part: finding a header needs no other variable than deciding whether the address is ours.
    AtomicPageHeader* headers() const { return reinterpret_cast<AtomicPageHeader*>(base); }
};

// Hidden at the declaration too, so that the compiler addresses it directly.
[[gnu::visibility("hidden")]] extern constinit Window window;

} // namespace ashlar::layout
