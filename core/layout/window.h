// SPDX-License-Identifier: MIT
//
// The window: the interval of addresses in which every block of ours lies, and the tables that answer "what
// is this address?".
//
//   | slice headers | slab descriptors | superslab states | thread caches | pool | live bytes |  base
//                                                                                               | superslab |
//                                                                                               superslab | …
//                                                                                                 2 MiB each
//
// The addresses are *claimed*. A place is chosen at random where the kernel puts nothing by default, and only
// what is in use is mapped there. Superslabs open one after the other, and the tables grow with them. Claimed
// addresses cost nothing and count against no limit. Where nothing can be mapped at a place of our choice
// (the thread sanitizer's programs) the addresses are *reserved*. The kernel chooses, and holds them for us.
//
// Whether an address may be ours is one subtraction, one rotation and one comparison, for null, external and
// misaligned pointers alike, and touches nothing. The header of a 64 KiB slice is two bytes, {class, shard};
// the 32 of a superslab are one cache line. A header that was never written is kNotOurs. So are those of
// superslabs that were withdrawn, and of places in which a stranger's mapping lies: growth steps over these.
// A stranger in the way of a table ends the growth of the heap; the fallback takes over.
//
// The tables lie outside of the interval, with unmapped addresses around each: nothing that a program writes
// past its blocks reaches them.
//
// Opened once, by the first call or the start-up hook, under the heap's lock for that; then only its size
// changes. A thread that reads half of it meanwhile takes every address for external, and none can be ours
// yet.
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

using Shard = std::uint8_t;  // the number of a shard; 0 is none
using Slice = std::uint32_t; // the number of a 64 KiB slice, from the window's base; 0 is none

inline constexpr unsigned kSuperslabShift = 21;
inline constexpr std::size_t kSuperslabSize = std::size_t{1} << kSuperslabShift;
static_assert(kSuperslabSize == kSlicesPerSuperslab * kSliceSize);
inline constexpr std::size_t kSlabDescriptorSize = 128;          // set aside for each slice
inline constexpr std::size_t kSuperslabStateSize = 40;           // set aside for each superslab
inline constexpr std::size_t kMinWindow = std::size_t{64} << 20; // less is not worth while

// A shard, placed as in a slice header.
class ShardWord {
  public:
    constexpr ShardWord() = default;
    constexpr explicit ShardWord(Shard shard) : word_(static_cast<unsigned>(shard) << 8) {}
    // No slice is of it: class_within() of any header is `kNowhere` or more.
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

// {class, shard}, in one word so that free compares and indexes without taking it apart.
class SliceHeader {
  public:
    constexpr SliceHeader() = default;
    constexpr SliceHeader(SizeClass c, Shard s) : word_(static_cast<std::uint16_t>(c | s << 8)) {}

    constexpr SizeClass size_class() const { return static_cast<SizeClass>(word_ & 0xff); }
    constexpr Shard shard() const { return static_cast<Shard>(word_ >> 8); }

    // The class if the slice is of this shard, otherwise 256 or more.
    constexpr unsigned class_within(ShardWord shard) const { return word_ ^ shard.word_; }

    friend constexpr bool operator==(SliceHeader, SliceHeader) = default;

  private:
    std::uint16_t word_ = 0;
};
using AtomicSliceHeader = std::atomic<SliceHeader>;
static_assert(sizeof(AtomicSliceHeader) == 2 && AtomicSliceHeader::is_always_lock_free);

// With class 0 the shard tells what else a slice is. Other layers have more of these.
inline constexpr SliceHeader kNotOurs{};    // nothing of ours is mapped there
inline constexpr SliceHeader kUnused{0, 1}; // no block starts there

// A table of metadata that is mapped from its start in steps.
class MetadataPart {
  public:
    void place(std::uintptr_t start, std::size_t size, os::Hold hold);
    // Makes at least the first `needed` bytes usable, zero at first. False if the part is full, the system
    // has no more, or something else is mapped there. The caller holds the lock that guards what is in the
    // part.
    bool grow_to(std::size_t needed);

    std::uintptr_t start() const { return start_; }
    std::size_t size() const { return size_; }
    std::size_t committed() const { return committed_.load(std::memory_order_relaxed); }
    // A stranger's mapping lies where the part should have grown.
    bool is_blocked() const { return blocked_.load(std::memory_order_relaxed); }
    // Unmaps what there is.
    void give_up();

  private:
    friend struct observe::Tables; // tells other processes where things are
    std::uintptr_t start_ = 0;
    std::size_t size_ = 0;
    std::atomic<std::size_t> committed_{0};
    std::atomic<bool> blocked_{false};
    os::Hold hold_{};
};

struct Window {
    // No user address is as far above the initial base: until the window opens all are external.
    std::uintptr_t base = std::uintptr_t{1} << 63;
    std::size_t sixteenths = 0; // of the bytes from the base to the end of the last open superslab; atomic
    AtomicSliceHeader* headers = nullptr;

    os::Hold hold{};
    Slice first_slice = kSlicesPerSuperslab; // superslab 0 stays closed: slice 0 is none
    Slice end_slice = 0;                     // superslabs may open in [first_slice, end_slice)
    MetadataPart header_lines;
    MetadataPart slab_descriptors;
    MetadataPart superslab_states;
    MetadataPart threads;
    MetadataPart pool;
    MetadataPart live_bytes; // the hardened library's

    // Finds a place for superslabs of up to `wanted` bytes (rounded down to a power of two, kMinWindow at
    // least). Maps the beginning of the tables. False if the system has no memory or no place for it. With
    // kReserved the kernel chooses, as it does where nothing can be claimed.
    bool open(std::size_t wanted, os::Hold preferred = os::Hold::kClaimed);

    std::size_t capacity() const { return std::size_t{end_slice} << kSliceShift; }
    std::size_t size() const { return __atomic_load_n(&sixteenths, __ATOMIC_ACQUIRE) * kAlignment; }
    std::size_t offset_of(const void* address) const {
        return reinterpret_cast<std::uintptr_t>(address) - base;
    }
    // The header of an address at this offset may be asked for.
    bool reaches(std::size_t offset) const { return offset < size(); }
    // The address lies in an open superslab.
    bool contains(const void* address) const {
        const std::size_t offset = offset_of(address);
        return reaches(offset) && header_at(offset) != kNotOurs;
    }
    // The address lies where superslabs are or may open.
    bool claims(const void* address) const { return offset_of(address) < capacity(); }
    // The address lies where our tables are, or may grow to.
    bool in_tables(const void* address) const {
        return reinterpret_cast<std::uintptr_t>(address) - header_lines.start() < tables_size_;
    }

    // For free: the offset as a multiple of 16. Misaligned addresses have a huge one.
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

    // Headers and slab descriptors for all slices below `end`; then headers may be set.
    bool grow_slice_tables(Slice end) {
        return header_lines.grow_to(end * sizeof(AtomicSliceHeader)) &&
               slab_descriptors.grow_to(end * kSlabDescriptorSize);
    }
    void set_headers(Slice first, std::size_t count, SliceHeader header) {
        for (std::size_t i = 0; i < count; ++i)
            headers[first + i].store(header, std::memory_order_relaxed);
    }
    // Whoever sees the header sees what was written before.
    void publish_header(Slice slice, SliceHeader header) {
        headers[slice].store(header, std::memory_order_release);
    }
    // False if the header is another one than expected. Of several threads that ask at one time one succeeds.
    bool replace_header(Slice slice, SliceHeader expected, SliceHeader header) {
        return headers[slice].compare_exchange_strong(expected, header, std::memory_order_acq_rel,
                                                      std::memory_order_relaxed);
    }
    // From now on the slices below `end`, whose headers are set, are asked about.
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
    // A table of the heap cannot grow, because of a stranger's mapping.
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
