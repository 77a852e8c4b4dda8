// SPDX-License-Identifier: MIT
//
// The window: the interval of addresses that contains every block of the heap, and the tables that answer
// "what is this address?".
//
//   | slice headers | slab descriptors | superslab states | thread caches | pool | live bytes |  base
//                                                                                               | superslab |
//                                                                                               superslab | …
//                                                                                                 2 MiB each
//
// The addresses are *claimed*: chosen at random where the kernel maps nothing by default, and mapped only
// where they are in use. Superslabs open one after the other, and the tables grow with them. Claimed
// addresses cost nothing, and no limit counts them. Where the library cannot choose a place (under the thread
// sanitizer) the addresses are *reserved*: the kernel chooses and holds them.
//
// One subtraction, one rotation and one comparison tell whether an address may be in the heap. They also work
// for null, external and misaligned pointers, and touch no memory. The header of a 64 KiB slice has two
// bytes, {class, shard}. The 32 headers of a superslab are one cache line. A header that was never written is
// kNotOurs. So are those of withdrawn superslabs, and of places with a foreign mapping, over which growth
// steps. A foreign mapping in the way of a table ends the heap's growth, and the fallback takes over.
//
// The tables lie outside of the interval, between unmapped addresses. No write past a block reaches them.
//
// The first call or the start-up hook opens the window, under the heap's opening lock. Afterwards only its
// size changes. In a half-open window a thread finds every address external, which is true by then.
#pragma once

#include "layout/size_class.h"
#include "layout/slice_run.h"
#include "os/page_memory.h"
#include "os/plain_load.h"

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace ashlar::observe {
struct Tables;
}

namespace ashlar::layout {

using Shard = std::uint8_t;  // number of a shard; 0: none
using Slice = std::uint32_t; // number of a 64 KiB slice from the window's base; 0: none

inline constexpr unsigned kSuperslabShift = 21;
inline constexpr std::size_t kSuperslabSize = std::size_t{1} << kSuperslabShift;
static_assert(kSuperslabSize == kSlicesPerSuperslab * kSliceSize);
inline constexpr std::size_t kSlabDescriptorSize = 128;          // bytes for each slice
inline constexpr std::size_t kSuperslabStateSize = 40;           // bytes for each superslab
inline constexpr std::size_t kMinWindow = std::size_t{64} << 20; // bytes; a smaller window is not worthwhile

// A shard number, placed as in a slice header.
class ShardWord {
  public:
    constexpr ShardWord() = default;
    constexpr explicit ShardWord(Shard shard) : word_(static_cast<unsigned>(shard) << 8) {}
    // Has no slices: class_within() is `kNowhere` or more for every header.
    static constexpr unsigned kNowhere = 0xffff0000;
    static constexpr ShardWord nowhere() {
        ShardWord word;
        word.word_ = kNowhere;
        return word;
    }
    constexpr Shard shard() const { return static_cast<Shard>(word_ >> 8); }

  private:
    friend class SliceHeader;
    unsigned word_ = 0;
};

inline bool is_slice_start(const void* address) {
    return reinterpret_cast<std::uintptr_t>(address) % kSliceSize == 0;
}

// {class, shard} in one word, which free compares and indexes as a whole.
class SliceHeader {
  public:
    constexpr SliceHeader() = default;
    constexpr SliceHeader(SizeClass c, Shard s) : word_(static_cast<std::uint16_t>(c | s << 8)) {}

    constexpr SizeClass size_class() const { return static_cast<SizeClass>(word_ & 0xff); }
    constexpr Shard shard() const { return static_cast<Shard>(word_ >> 8); }

    // Returns the class if the slice belongs to `shard`, otherwise 256 or more.
    constexpr unsigned class_within(ShardWord shard) const { return word_ ^ shard.word_; }

    friend constexpr bool operator==(SliceHeader, SliceHeader) = default;

  private:
    std::uint16_t word_ = 0;
};
using AtomicSliceHeader = std::atomic<SliceHeader>;
static_assert(sizeof(AtomicSliceHeader) == 2 && AtomicSliceHeader::is_always_lock_free);

// With class 0 the shard tells the kind of slice. Other layers define more kinds.
inline constexpr SliceHeader kNotOurs{};    // no mapping of the heap
inline constexpr SliceHeader kUnused{0, 1}; // no block starts there

// A table of metadata that is mapped from its start in steps.
class MetadataPart {
  public:
    void place(std::uintptr_t start, std::size_t size, os::Hold hold);
    // Makes at least the first `needed` bytes usable. New bytes read zero. Returns false if the part is full,
    // memory is short, or a foreign mapping is in the way. The caller holds the lock for the contents.
    bool grow_to(std::size_t needed);

    std::uintptr_t start() const { return start_; }
    std::size_t size() const { return size_; }
    std::size_t committed() const { return committed_.load(std::memory_order_relaxed); }
    // Returns whether a foreign mapping lies where the part should have grown.
    bool is_blocked() const { return blocked_.load(std::memory_order_relaxed); }
    // Unmaps the part.
    void give_up();

  private:
    friend struct observe::Tables; // tells other processes the addresses
    std::uintptr_t start_ = 0;
    std::size_t size_ = 0;
    std::atomic<std::size_t> committed_{0};
    std::atomic<bool> blocked_{false};
    os::Hold hold_{};
};

struct Window {
    // So high that every address is external until the window opens.
    std::uintptr_t base = std::uintptr_t{1} << 63;
    std::size_t sixteenths = 0; // of the bytes from the base to the last open superslab's end; atomic
    AtomicSliceHeader* headers = nullptr;

    os::Hold hold{};
    Slice first_slice = kSlicesPerSuperslab; // superslab 0 stays closed, because slice 0 means none
    Slice end_slice = 0;                     // superslabs may open in [first_slice, end_slice)
    MetadataPart header_lines;
    MetadataPart slab_descriptors;
    MetadataPart superslab_states;
    MetadataPart threads;
    MetadataPart pool;
    MetadataPart live_bytes; // hardened library only

    // Finds a place for superslabs of `wanted` bytes, rounded down to a power of two, at least kMinWindow.
    // Maps the beginning of the tables. Returns false if there is no memory or place. With kReserved the
    // kernel chooses the place, as it also does if none can be claimed.
    bool open(std::size_t wanted, os::Hold preferred = os::Hold::kClaimed);

    std::size_t capacity() const { return std::size_t{end_slice} << kSliceShift; }
    std::size_t size() const { return __atomic_load_n(&sixteenths, __ATOMIC_ACQUIRE) * kAlignment; }
    std::size_t offset_of(const void* address) const {
        return reinterpret_cast<std::uintptr_t>(address) - base;
    }
    // Returns whether the header at this offset may be read.
    bool reaches(std::size_t offset) const { return offset < size(); }
    // Returns whether the address lies in an open superslab.
    bool contains(const void* address) const {
        const std::size_t offset = offset_of(address);
        return reaches(offset) && header_at(offset) != kNotOurs;
    }
    // Returns whether the address lies where superslabs are or may open.
    bool claims(const void* address) const { return offset_of(address) < capacity(); }
    // Returns whether the address lies where the tables are or may grow.
    bool in_tables(const void* address) const {
        return reinterpret_cast<std::uintptr_t>(address) - header_lines.start() < tables_size_;
    }

    // For free(): returns the offset in units of 16 bytes. Misaligned addresses have a huge offset.
    std::size_t sixteenths_of(const void* address) const { return std::rotr(offset_of(address), 4); }
    bool reaches_sixteenth(std::size_t sixteenth) const { return sixteenth < os::load_plainly(sixteenths); }
    SliceHeader header_of_sixteenth(std::size_t sixteenth) const {
        return headers[sixteenth >> (kSliceShift - 4)].load(std::memory_order_relaxed);
    }

    Slice slice_of(const void* address) const {
        return static_cast<Slice>(offset_of(address) >> kSliceShift);
    }
    char* address_of(Slice slice) const {
        return reinterpret_cast<char*>(base + (std::size_t{slice} << kSliceShift));
    }
    SliceHeader header_of(const void* address) const { return header(slice_of(address)); }
    SliceHeader header(Slice slice) const { return headers[slice].load(std::memory_order_relaxed); }
    SliceHeader header_at(std::size_t offset) const {
        return headers[offset >> kSliceShift].load(std::memory_order_relaxed);
    }

    // Maps headers and slab descriptors for all slices below `end`, whose headers may then be set.
    bool grow_slice_tables(Slice end) {
        return header_lines.grow_to(end * sizeof(AtomicSliceHeader)) &&
               slab_descriptors.grow_to(end * kSlabDescriptorSize);
    }
    void set_headers(Slice first, std::size_t count, SliceHeader header) {
        for (std::size_t i = 0; i < count; ++i)
            headers[first + i].store(header, std::memory_order_relaxed);
    }
    // A thread that sees the header also sees everything written before.
    void publish_header(Slice slice, SliceHeader header) {
        headers[slice].store(header, std::memory_order_release);
    }
    // Returns false if the header is not `expected`. Of several threads at one time, one succeeds.
    bool replace_header(Slice slice, SliceHeader expected, SliceHeader header) {
        return headers[slice].compare_exchange_strong(expected, header, std::memory_order_acq_rel,
                                                      std::memory_order_relaxed);
    }
    // Makes the slices below `end`, whose headers are set, part of the window.
    void publish(Slice end);

    // Calls visit(part) for each table.
    template <typename Visit>
    void for_each_part(Visit visit) const {
        for (const MetadataPart* part :
             {&header_lines, &slab_descriptors, &superslab_states, &threads, &pool, &live_bytes}) {
            visit(*part);
        }
    }
    std::size_t metadata_committed() const;
    // Returns whether a foreign mapping keeps a table from growing.
    bool is_blocked() const;

  private:
    std::uintptr_t place_parts(std::uintptr_t start, std::size_t length, os::Hold how);
    enum class Claim : std::uint8_t { kDone, kNoPlace, kNoMemory };
    Claim claim(std::size_t length);
    bool reserve(std::size_t length);
    bool begin_tables();
    void give_up_tables();

    std::size_t tables_size_ = 0;
};

// Hidden at the declaration too, so that the compiler addresses it directly.
[[gnu::visibility("hidden")]] extern constinit Window window;

} // namespace ashlar::layout
