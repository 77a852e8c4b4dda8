// SPDX-License-Identifier: MIT
//
// What malloc and free touch of a thread's cache: for each size class one array of pointers, used from two
// ends.
//
//   slots  | local, local, local →            (free)            ← remote, remote |
//          empty                top                           full
//
// Local blocks (of this thread's shard) are pushed and popped at `top`. Blocks of other shards grow down
// from the far end and are never handed out here: they go home in a batch. The array is full when the ends
// meet. Neither end touches the blocks themselves.
//
// Of the two places that `top` is compared with the low 16 bits are kept: an array is shorter than what they
// tell apart. `top` is an address and no index. A block that is freed and handed out again at once goes
// through memory twice, and with an index each time takes twice as long.
//
// All zero, as thread-local storage starts (also before the dynamic loader has initialised it), every pop is
// empty and every push full. The slow path then makes the cache, or does without. What the owning thread
// writes is atomic so that statistics may read it.
//
// Other threads may drain the stacks (drain.h). The fast paths store nothing for that. Whoever drains closes
// the stacks, has a memory barrier executed by every thread, and then takes what lies below each `top`:
//   * a malloc moves `top` before it looks whether the stacks are closed. If it found them open, its block
//     lies above the `top` that the drainer sees. If it finds them closed, it moves `top` back;
//   * a free writes above `top`, where the drainer takes nothing.
// So the drainer never writes `top`: it raises `empty` to it. Slow paths may change everything. They are
// inside from begin() to leave(), and whoever drains leaves a thread out that is inside. Only they open the
// stacks again. In a stack that was drained some entries at both ends of the array hold nothing, until the
// next slow path (returns.h).
#pragma once

#include "layout/size_class.h"
#include "layout/window.h"
#include "os/marking.h"
#include "os/plain_load.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace ashlar::observe {
struct Tables;
}

namespace ashlar::cache {

enum class Phase : std::uint8_t { kNew, kAttached, kEnded };

class PointerStacks {
  public:
    static constexpr std::size_t kArrayBytes = std::size_t{1} << 15; // an array has fewer

    // ---- For the owner

    // From outside: a fast path.
    bool take(unsigned c, void*& block) {
        void** const top = tops_[c];
        if (low_bits(top) == os::load_plainly(ends_[c].empty)) [[unlikely]]
            return false;
        set_top(c, top - 1);
        __atomic_signal_fence(__ATOMIC_SEQ_CST); // the processor's order is the drainer's concern
        if (closed()) [[unlikely]] {
            std::size_t again = c; // computes the address again, or the likely way has an instruction more
            asm("" : "+r"(again));
            set_top(static_cast<unsigned>(again), top);
            return false;
        }
        block = top[-1];
        if (block == nullptr) __builtin_unreachable();
        os::forget(top[-1]);
        return true;
    }

    // From inside, where closed stacks do not matter.
    bool pop(unsigned c, void*& block) {
        void** const top = tops_[c];
        if (low_bits(top) == ends_[c].empty) return false;
        set_top(c, top - 1);
        block = top[-1];
        os::forget(top[-1]);
        return true;
    }

    // From both.
    bool push(unsigned c, void* block) {
        void** const top = tops_[c];
        if (low_bits(top) == ends_[c].full) [[unlikely]]
            return false;
        *top = block;
        set_top(c, top + 1);
        return true;
    }

    bool push_remote(unsigned c, void* block) {
        void** const top = tops_[c];
        const unsigned free = entries(low_bits(top), ends_[c].full);
        if (free == 0) [[unlikely]]
            return false;
        top[free - 1] = block;
        set_full(c, top + (free - 1));
        return true;
    }

    bool push(layout::SliceHeader header, void* block) {
        const unsigned c = header.class_within(os::load_plainly(home_));
        if (c < layout::kClasses) [[likely]]
            return push(c, block);
        return c < layout::ShardWord::kNowhere && push_remote(c & 0xff, block);
    }

    void enter() {
        __atomic_store_n(&inside_, true, __ATOMIC_RELAXED);
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
    }
    void leave() { __atomic_store_n(&inside_, false, __ATOMIC_RELEASE); }

    // Enters and opens the stacks. False, and outside, while somebody drains them.
    bool begin() {
        enter();
        if (claimed()) {
            leave();
            return false;
        }
        open();
        return true;
    }

    // ---- For whoever drains, and keeps the owner from ending

    // Between the two every thread executes a memory barrier. If is_outside() is true then, the owner stays
    // outside until unclaim(). It takes nothing, and pushes one block more at most.
    void claim() {
        __atomic_store_n(&claimed_, true, __ATOMIC_RELAXED);
        __atomic_store_n(&closed_, true, __ATOMIC_RELAXED);
        set_home(layout::ShardWord::nowhere());
    }
    bool is_outside() const {
        // Whoever left after a look at the claim may have opened the stacks.
        return !__atomic_load_n(&inside_, __ATOMIC_ACQUIRE) && closed();
    }
    void unclaim() { __atomic_store_n(&claimed_, false, __ATOMIC_RELEASE); }
    bool claimed() const { return __atomic_load_n(&claimed_, __ATOMIC_ACQUIRE); }
    bool closed() const { return os::load_plainly(closed_); }
    // In a forked child, of another thread: a slow path was in the middle of something when the process
    // forked.
    bool busy() const { return __atomic_load_n(&inside_, __ATOMIC_ACQUIRE) || claimed(); }

    struct Blocks {
        void** first;
        unsigned count;
    };
    // Those that are there to take, whatever the owner does meanwhile.
    Blocks local(layout::SizeClass c) const {
        void** const top = this->top(c);
        const int count = distance(empty(c), low_bits(top));
        return {top - count, static_cast<unsigned>(std::max(count, 0))};
    }
    Blocks remote(layout::SizeClass c, unsigned capacity) const {
        const unsigned limit = this->limit(c);
        return {local(c).first + limit, capacity - limit};
    }
    // What lies below is taken.
    void set_bottom(layout::SizeClass c, void* const* slot) {
        __atomic_store_n(&ends_[c].empty, low_bits(slot), __ATOMIC_RELAXED);
    }

    // ---- What they hold

    // As indices into the array. For the owner, and for statistics in another thread, to which they may look
    // wrong while the owner moves to another array.
    unsigned count(layout::SizeClass c) const { return local(c).count; }
    unsigned limit(layout::SizeClass c) const { return entries(empty(c), full(c)); }

    void** slots(layout::SizeClass c) const { return local(c).first; }
    void set_count(layout::SizeClass c, unsigned count) { set_top(c, slots(c) + count); }
    void set_limit(layout::SizeClass c, unsigned limit) { set_full(c, slots(c) + limit); }
    // An array that holds so many local blocks, and remote ones from `limit` on.
    void use(layout::SizeClass c, void** slots, unsigned count, unsigned limit) {
        set_bottom(c, slots);
        set_full(c, slots + limit);
        set_top(c, slots + count);
    }

    // Counts a request. False once the thread has asked for more than it was allowed to: whoever samples
    // requests is to be asked then, and allows some more.
    bool count_bytes(std::size_t size) {
        allowed_ -= static_cast<std::ptrdiff_t>(size);
        return allowed_ >= 0;
    }
    // For slow paths. Also of a thread whose first request is for no bytes: all zero is used up.
    bool used_up_bytes() const { return allowed_ <= 0; }
    // By so many bytes more than allowed, if any were allowed.
    std::size_t excess_bytes() const { return static_cast<std::size_t>(-allowed_); }
    void allow_bytes(std::size_t bytes) { allowed_ = static_cast<std::ptrdiff_t>(bytes); }
    void allow_no_request() { allowed_ = -1; } // not even one of no bytes

    // What a thread that ended without telling anybody left is no cache's: its memory serves others.
    bool belong_to(const void* cache) const { return __atomic_load_n(&cache_, __ATOMIC_RELAXED) == cache; }
    void set_cache(const void* cache) { __atomic_store_n(&cache_, cache, __ATOMIC_RELAXED); }

    layout::Shard shard() const { return shard_; }
    void set_shard(layout::Shard shard) {
        shard_ = shard;
        set_home(layout::ShardWord(shard));
    }

  private:
    friend struct observe::Tables; // tells other processes where things are
    using LowBits = std::uint16_t;
    static LowBits low_bits(void* const* slot) {
        return static_cast<LowBits>(reinterpret_cast<std::uintptr_t>(slot));
    }
    static unsigned entries(LowBits from, LowBits to) {
        return static_cast<unsigned>(static_cast<LowBits>(to - from) / sizeof(void*));
    }
    // Likewise; -1 while a malloc has moved the `top` of an empty stack and not yet moved it back.
    static int distance(LowBits from, LowBits to) {
        return static_cast<std::int16_t>(to - from) / static_cast<int>(sizeof(void*));
    }

    void open() {
        set_home(layout::ShardWord(shard_));
        __atomic_store_n(&closed_, false, __ATOMIC_RELAXED);
    }
    void set_home(layout::ShardWord home) { __atomic_store(&home_, &home, __ATOMIC_RELAXED); }

    // Atomic for the sake of other threads: whoever drains sees what was written below `top` and above `full`
    // before. The owner may read those two plainly, which lets the compiler compare with memory.
    void set_top(unsigned c, void** top) { __atomic_store_n(&tops_[c], top, __ATOMIC_RELEASE); }
    void set_full(unsigned c, void* const* slot) {
        __atomic_store_n(&ends_[c].full, low_bits(slot), __ATOMIC_RELEASE);
    }
    void** top(unsigned c) const { return __atomic_load_n(&tops_[c], __ATOMIC_ACQUIRE); }
    LowBits empty(unsigned c) const { return __atomic_load_n(&ends_[c].empty, __ATOMIC_RELAXED); }
    LowBits full(unsigned c) const { return __atomic_load_n(&ends_[c].full, __ATOMIC_ACQUIRE); }

    struct Ends {
        LowBits empty;
        LowBits full;
    };

    std::array<void**, layout::kClasses> tops_{};
    std::array<Ends, layout::kClasses> ends_{};
    layout::ShardWord home_{};   // shard 0 is no block's; nowhere() if closed
    std::ptrdiff_t allowed_ = 0; // bytes; see count_bytes()
    const void* cache_ = nullptr;
    // Each in a word of its own, so that tests which follow single words keep them apart.
    alignas(8) bool closed_ = false;  // by somebody who drains, until the next slow path
    alignas(8) bool claimed_ = false; // by somebody who drains
    alignas(8) bool inside_ = false;  // the owner is in a slow path
    layout::Shard shard_ = 0;

  public:
    Phase phase = Phase::kNew;
};
static_assert(sizeof(PointerStacks) < 1024, "static thread-local storage comes out of every thread's stack");

extern constinit thread_local PointerStacks stacks;

// The calling thread's stacks, by their address in a register: without the detour the compiler adds up the
// thread pointer again for each member. Not in rax, where the block is returned while the stacks are in use.
[[gnu::always_inline]] inline PointerStacks& my_stacks() {
    PointerStacks* mine = &stacks;
#if defined(__x86_64__)
    asm("" : "+d"(mine));
#else
    asm("" : "+r"(mine));
#endif
    return *mine;
}

} // namespace ashlar::cache
