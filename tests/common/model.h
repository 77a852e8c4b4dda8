// SPDX-License-Identifier: MIT
//
// A model of the heap. The model compares each call of the heap with these rules:
//
//   Blocks     are aligned, overlap no other block, have the requested size, and keep their usable size.
//              Their contents are preserved, and zero from calloc. Growth within the usable size does not
//              move a block.
//   Refusals   return null, set errno as documented, and leave the old block and *memptr unchanged.
//              Refused are overflow, sizes above PTRDIFF_MAX or the address space, and bad alignments.
//   errno      is unchanged by every successful call and by free.
//   Statistics agree with the blocks if no other thread uses the heap.
//
// A model performs one operation at a time, from any thread. Several models share a Shadow, which detects
// overlap between their blocks. A violated rule ends the process by fail().
#pragma once

#include "build_kind.h"
#include "heap.h"
#include "operation.h"
#include "random.h"
#include "report.h"
#include "stamp.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <iterator>
#include <map>
#include <mutex>
#include <unistd.h>
#include <utility>
#include <vector>

namespace common {

struct Block {
    void* address = nullptr;   // null: the slot is empty
    std::size_t size = 0;      // requested bytes
    std::size_t usable = 0;    // stamped bytes
    std::size_t alignment = 0; // requested; 0 if by none of the aligned functions
    std::uint64_t key = 0;
    Density density = Density::kWhole;
};

// The addresses of all blocks in use. Shadow detects overlap at once; stamps detect overlap later. Its lock
// serializes threads, so some runs do without it.
class Shadow {
  public:
    explicit Shadow(bool on) : on_(on) {}

    void add(const Block& block) {
        if (!on_) return;
        const auto begin = reinterpret_cast<std::uintptr_t>(block.address);
        // A block of zero bytes still needs a unique address.
        const std::uintptr_t end = begin + (block.usable != 0 ? block.usable : 1);
        const std::lock_guard lock(mutex_);
        const auto next = intervals_.lower_bound(begin);
        if (next != intervals_.end() && next->first < end) overlap(begin, end, *next);
        if (next != intervals_.begin() && std::prev(next)->second > begin)
            overlap(begin, end, *std::prev(next));
        intervals_.emplace_hint(next, begin, end);
    }

    // Removes a block before its release: another thread may receive the same address at once.
    void remove(const Block& block) {
        if (!on_) return;
        const std::lock_guard lock(mutex_);
        if (intervals_.erase(reinterpret_cast<std::uintptr_t>(block.address)) != 1) {
            fail("the model lost block %p", block.address);
        }
    }

  private:
    [[noreturn]] static void overlap(std::uintptr_t begin, std::uintptr_t end,
                                     const std::pair<const std::uintptr_t, std::uintptr_t>& other) {
        fail("block %#zx-%#zx overlaps %#zx-%#zx", begin, end, other.first, other.second);
    }

    bool on_;
    std::mutex mutex_;
    std::map<std::uintptr_t, std::uintptr_t> intervals_;
};

// A setting and the result that ashlar_control must return. The defaults are first.
struct Setting {
    const char* text;
    int result;
};
inline constexpr Setting kSettings[] = {
    {"thread_cache:1m", 0},
    {"large_limit:16g", 0},
    {"purge_delay_ms:1000", 0},
    {"dirty_limit:32m", 0},
    {"prewarm:false", 0},
    {"thread_cache:0", 0},
    {"thread_cache:18446744073709551615", 0},
    {"large_limit:0", 0},
    {"large_limit:100k", 0},
    {"large_limit:1m", 0},
    {"large_limit:18446744073709551615", 0},
    {"purge_delay_ms:0", 0},
    {"purge_delay_ms:18446744073709551615", 0},
    {"dirty_limit:0", 0},
    {"dirty_limit:18446744073709551615", 0},
    {"prewarm:true", 0},
    {"window:1g", EPERM},
    {"enabled:false", EPERM},
    {"prewarm:maybe", EINVAL},
    {"thread_cache:18446744073709551616", EINVAL},
    {"thread_caches:1m", EINVAL},
    {"", EINVAL},
};
inline constexpr std::size_t kDefaultSettings = 5;

class Model {
  public:
    // One in `whole_every` of the blocks above kAlwaysWhole and up to `most_whole` bytes is stamped as a
    // whole. The other blocks above kAlwaysWhole are stamped sparsely.
    Model(Shadow& shadow, std::size_t slots, std::uint64_t seed, std::size_t whole_every,
          std::size_t most_whole = kMostWhole)
        : shadow_(shadow), blocks_(slots), keys_(seed), whole_every_(whole_every), most_whole_(most_whole) {}

    std::size_t slots() const { return blocks_.size(); }
    // Gives access to a block for inspection, or to exchange it with another model.
    const Block& block(std::size_t slot) const { return blocks_[slot]; }
    Block& block(std::size_t slot) { return blocks_[slot]; }

    void perform(const Operation& operation) {
        Block& block = blocks_[operation.slot];
        switch (operation.call) {
        case Call::kFree:
        case Call::kFreeSized:
            release(block, operation.call == Call::kFreeSized);
            break;
        case Call::kRealloc:
        case Call::kReallocarray:
            resize(block, operation);
            break;
        case Call::kCheck:
            check(block);
            break;
        case Call::kTrim:
            trim(operation.size);
            break;
        case Call::kControl:
            control(kSettings[operation.size % std::size(kSettings)]);
            break;
        case Call::kStatistics:
            check_statistics();
            break;
        default:
            release(block, false);
            allocate(block, operation);
        }
    }

    void release_all() {
        for (Block& block : blocks_)
            release(block, false);
    }

    static void restore_settings() {
        for (std::size_t i = 0; i < kDefaultSettings; i++)
            control(kSettings[i]);
    }

    // Checks the statistics. Requires that no other thread calls the heap and that this model knows all
    // blocks.
    void check_statistics() const {
        if (!heap::is_ashlar) return;
        std::size_t held = 0;
        std::size_t large = 0;
        for (const Block& block : blocks_) {
            if (block.address == nullptr || !heap::owns(block.address)) continue;
            const std::size_t whole = block.usable + kRedZone;
            held += whole;
            large += whole > kLargestClass ? whole : 0;
        }
        errno = kErrno;
        const ashlar_statistics now = heap::statistics();
        require_errno("ashlar_get_statistics");
        // With plain names the rest of the process uses the same heap.
        const bool right = heap::kPlainNames ? now.allocated >= held && now.large >= large
                                             : now.allocated == held && now.large == large;
        if (!right) {
            fail("statistics: %zu allocated, %zu of it large, instead of %zu and %zu", now.allocated,
                 now.large, held, large);
        }
        const bool fits = now.allocated - now.large + now.cached <= now.slabs &&
                          now.slabs + now.large + now.dirty <= now.committed && now.committed <= now.window;
        if (!fits) {
            fail("statistics do not add up: window %zu, committed %zu, slabs %zu, large %zu, dirty %zu, "
                 "allocated %zu, cached %zu",
                 now.window, now.committed, now.slabs, now.large, now.dirty, now.allocated, now.cached);
        }
    }

  private:
    static constexpr int kErrno = 1234; // value that no successful call may change
    static constexpr std::size_t kLargestClass = std::size_t{32} << 10;
    static constexpr std::size_t kAlwaysWhole = 256;
    static constexpr std::size_t kMostWhole = std::size_t{kSanitized ? 64 : 4096} << 10;
    static constexpr std::size_t kSurelyGranted = std::size_t{2} << 30;
    static constexpr std::size_t kAddresses = std::size_t{1} << 47; // address space on x86-64, in bytes

    // The required result of a request. For kEither the result depends on the machine.
    enum class Fate : std::uint8_t { kGranted, kEither, kTooLarge, kBadAlignment };

    static Fate fate_of(std::size_t bytes, std::size_t alignment) {
        std::size_t all = 0;
        if (__builtin_add_overflow(bytes, alignment, &all) || all >= kAddresses) return Fate::kTooLarge;
        return all <= kSurelyGranted ? Fate::kGranted : Fate::kEither;
    }

    static Fate fate_of_counted(const Operation& operation, std::size_t& bytes) {
        if (__builtin_mul_overflow(operation.count, operation.size, &bytes)) return Fate::kTooLarge;
        return fate_of(bytes, 0);
    }

    static bool valid_alignment(Call call, std::size_t alignment) {
        if (call == Call::kMemalign) return alignment <= SIZE_MAX / 2 + 1;
        return std::has_single_bit(alignment) &&
               (call == Call::kAlignedAlloc || alignment % sizeof(void*) == 0);
    }

    void allocate(Block& block, const Operation& operation) {
        block.size = operation.size;
        Fate fate = fate_of(block.size, 0);
        errno = kErrno;
        switch (operation.call) {
        case Call::kCalloc:
            fate = fate_of_counted(operation, block.size);
            block.address = heap::allocate_zeroed(operation.count, operation.size);
            break;
        case Call::kAlignedAlloc:
        case Call::kMemalign:
        case Call::kPosixMemalign:
            if (!valid_alignment(operation.call, operation.alignment)) {
                fate = Fate::kBadAlignment;
                if (!heap::is_ashlar) { // other allocators round alignments that Ashlar refuses
                    block = Block{};
                    return;
                }
            } else {
                block.alignment = std::bit_ceil(operation.alignment);
                fate = fate_of(block.size, block.alignment);
            }
            call_aligned(block, operation, fate);
            break;
        case Call::kValloc:
            block.alignment = page_size_;
            fate = fate_of(block.size, block.alignment);
            block.address = heap::allocate_page(block.size);
            break;
        case Call::kPvalloc:
            block.alignment = page_size_;
            fate = fate_of(block.size, block.alignment);
            block.address = heap::allocate_whole_pages(block.size);
            if (fate != Fate::kTooLarge) block.size = (block.size + page_size_ - 1) / page_size_ * page_size_;
            break;
        default:
            block.address = heap::allocate(block.size);
            break;
        }
        conclude(block, name_of(operation.call), fate, operation.call == Call::kCalloc);
    }

    void call_aligned(Block& block, const Operation& operation, Fate fate) {
        if (operation.call == Call::kAlignedAlloc) {
            block.address = heap::allocate_aligned(operation.alignment, operation.size);
        } else if (operation.call == Call::kMemalign) {
            block.address = heap::allocate_memalign(operation.alignment, operation.size);
        } else {
            void* const untouched = &block;
            void* result = untouched;
            const int error = heap::allocate_posix(&result, operation.alignment, operation.size);
            if (error != 0 && result != untouched) fail("posix_memalign fails and writes %p", result);
            if (error != 0 && error != (fate == Fate::kBadAlignment ? EINVAL : ENOMEM)) {
                fail("posix_memalign(%zu, %zu) gives %d", operation.alignment, operation.size, error);
            }
            block.address = error == 0 ? result : nullptr;
            if (error != EINVAL) return;
            require_errno("posix_memalign");
            errno = EINVAL; // other allocators set EINVAL
        }
    }

    // Concludes a call that allocates: records the block or checks the refusal.
    void conclude(Block& block, const char* call, Fate fate, bool zeroed = false) {
        if (block.address == nullptr) {
            require_refusal(call, block.size, fate);
            block = Block{};
        } else {
            require_grant(call, block.size, fate);
            accept(block, call, zeroed);
        }
    }

    static void require_refusal(const char* call, std::size_t size, Fate fate) {
        const int error = errno;
        if (fate == Fate::kGranted) fail("%s of %zu bytes gives null, errno %d", call, size, error);
        if (error != (fate == Fate::kBadAlignment ? EINVAL : ENOMEM)) {
            fail("%s of %zu bytes is refused with errno %d", call, size, error);
        }
    }

    static void require_grant(const char* call, std::size_t size, Fate fate) {
        require_errno(call);
        if (fate == Fate::kTooLarge) fail("%s of impossible size (%zu bytes) gives a block", call, size);
        if (fate == Fate::kBadAlignment) fail("%s takes a bad alignment", call);
    }

    // Checks the properties of a new block, and stamps the block.
    void accept(Block& block, const char* call, bool zeroed) {
        const auto address = reinterpret_cast<std::uintptr_t>(block.address);
        const std::size_t alignment = std::max<std::size_t>(block.alignment, 16);
        if (address % alignment != 0) {
            fail("%s of %zu bytes gives %p, not aligned to %zu", call, block.size, block.address, alignment);
        }
        block.usable = heap::usable_size(block.address);
        if (block.usable < block.size) {
            fail("%s of %zu bytes: usable size is %zu", call, block.size, block.usable);
        }
        block.key = keys_.next();
        const bool whole =
            block.usable <= kAlwaysWhole || (block.usable <= most_whole_ && block.key % whole_every_ == 0);
        block.density = whole ? Density::kWhole : Density::kSparse;
        if (zeroed) require_zero(block);
        shadow_.add(block);
        stamp(block.address, block.usable, block.key, block.density);
    }

    static void require_zero(const Block& block) {
        for_each_stretch(block.size, block.density, [&](std::size_t begin, std::size_t end) {
            const std::size_t at =
                begin + first_nonzero(static_cast<const char*>(block.address) + begin, end - begin);
            if (at == end) return;
            fail("calloc of %zu bytes gives %p, not zero at %zu", block.size, block.address, at);
        });
    }

    static void check(const Block& block) {
        errno = kErrno;
        const std::size_t usable = heap::usable_size(block.address);
        require_errno("malloc_usable_size");
        if (usable != block.usable) {
            fail("usable size of %p was %zu and is %zu", block.address, block.usable, usable);
        }
        if (block.address == nullptr) return;
        require_stamp(block.address, block.usable, block.key, "in use", block.density);
    }

    void release(Block& block, bool sized) {
        check(block);
        if (block.address != nullptr) shadow_.remove(block);
        errno = kErrno;
        if (!sized) {
            heap::release(block.address);
        } else if (block.alignment != 0) {
            heap::release_aligned_sized(block.address, block.alignment, block.size);
        } else {
            heap::release_sized(block.address, block.size);
        }
        require_errno("free");
        block = Block{};
    }

    void resize(Block& block, const Operation& operation) {
        const bool array = operation.call == Call::kReallocarray;
        const char* const call = name_of(operation.call);
        const Block old = block;
        Block resized;
        resized.size = operation.size;
        const Fate fate = array ? fate_of_counted(operation, resized.size) : fate_of(resized.size, 0);
        check(old);
        if (old.address != nullptr) shadow_.remove(old);
        errno = kErrno;
        resized.address = array ? heap::resize_array(old.address, operation.count, operation.size)
                                : heap::resize(old.address, resized.size);
        if (old.address == nullptr) {
            conclude(resized, call, fate);
            block = resized;
        } else if (fate != Fate::kTooLarge && resized.size == 0) {
            if (resized.address != nullptr) fail("%s(p, 0) gives a block", call);
            require_errno(call);
            block = Block{};
        } else if (resized.address == nullptr) {
            require_refusal(call, resized.size, fate);
            shadow_.add(old);
            check(old);
        } else {
            require_grant(call, resized.size, fate);
            require_in_place(old, resized, call);
            require_stamp(resized.address, old.usable, old.key, "after realloc", old.density,
                          std::min(old.size, resized.size));
            accept(resized, call, false);
            block = resized;
        }
    }

    // Growth within the usable size must not move a block. Allocators that do not record the requested size
    // may move a block to shrink it. They see growth as shrinking if alignment more than doubled the block.
    static void require_in_place(const Block& old, const Block& resized, const char* call) {
        const bool seen_as_shrinking = old.alignment > 16 && resized.size < old.usable / 2;
        if (resized.size >= old.size && resized.size <= old.usable && resized.address != old.address &&
            !seen_as_shrinking) {
            fail("%s from %zu to %zu bytes moves, with %zu usable", call, old.size, resized.size, old.usable);
        }
    }

    static void trim(std::size_t keep) {
        errno = kErrno;
        const int trimmed = heap::trim(keep);
        require_errno("malloc_trim");
        if (trimmed != 0 && trimmed != 1) fail("malloc_trim gives %d", trimmed);
    }

    static void control(const Setting& setting) {
        if (!heap::is_ashlar) return;
        errno = kErrno;
        const int result = heap::control(setting.text);
        require_errno("ashlar_control");
        if (result != setting.result) fail("ashlar_control(\"%s\") gives %d", setting.text, result);
    }

    static void require_errno(const char* call) {
        if (errno != kErrno) fail("%s succeeds and sets errno to %d", call, errno);
    }

    const std::size_t page_size_ = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    Shadow& shadow_;
    std::vector<Block> blocks_;
    Random keys_;
    std::size_t whole_every_;
    std::size_t most_whole_;
};

} // namespace common
