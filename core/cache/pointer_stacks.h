// SPDX-License-Identifier: MIT
//
// The part of a thread cache that malloc and free use: an array of pointers per size class, with two ends in
// use.
//
//   slots  | local, local, local →            (free)            ← remote, remote |
//          empty                top                           full
//
// Local blocks (of this thread's shard) are pushed and popped at `top`. Blocks of other shards grow down from
// the far end and are never handed out here. They are returned in batches. The array is full when both ends
// meet. No operation touches the blocks themselves.
//
// Only the low 16 bits of `empty` and `full` are stored. Arrays are shorter than 32 KiB, so these are
// unambiguous. `top` is an address and not an index. A block that is freed and reused at once passes through
// memory twice, and with an index each pass takes twice as long.
//
// Thread-local storage starts as zero, also before the dynamic loader has initialised it. Then every pop
// finds an empty stack and every push a full one. The slow path makes the cache or works without one. The
// owner's stores are atomic because statistics read them.
//
// Other threads may drain the stacks (drain.h). Fast paths store nothing for that. A drainer closes the
// stacks, executes a memory barrier in every thread, and then takes the blocks below each `top`:
// * malloc moves `top` before it checks whether the stacks are closed. If it found them open, its block lies
//   above the `top` that the drainer sees. If it finds them closed, it moves `top` back;
// * free writes above `top`, where the drainer takes nothing.
// So the drainer never writes `top`, but raises `empty` to it. Slow paths may change everything between
// begin() and leave(), and a drainer leaves out a thread in between. Only slow paths open the stacks again.
// Until then some entries at both ends of a drained array hold nothing (returns.h).
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
    static constexpr std::size_t kArrayBytes = std::size_t{1} << 15; // an array is shorter

    // ---- For the owner

    // Pops a local block, outside of begin() and leave(). Returns false if the stack is empty or closed.
    bool take(unsigned c, void*& block) {
        void** const top = tops_[c];
        if (low_bits(top) == os::load_plainly(ends_[c].empty)) [[unlikely]]
            return false;
        set_top(c, top - 1);
        __atomic_signal_fence(__ATOMIC_SEQ_CST); // the drainer's barrier orders the processor
        if (closed()) [[unlikely]] {
            // Computes the address again. Otherwise the likely path has one instruction more.
            std::size_t again = c;
            asm("" : "+r"(again));
            set_top(static_cast<unsigned>(again), top);
            return false;
        }
        block = top[-1];
        if (block == nullptr) __builtin_unreachable();
        os::forget(top[-1]);
        return true;
    }

    // Pops a local block between begin() and leave(), where closed stacks do not matter.
    bool pop(unsigned c, void*& block) {
        void** const top = tops_[c];
        if (low_bits(top) == ends_[c].empty) return false;
        set_top(c, top - 1);
        block = top[-1];
        os::forget(top[-1]);
        return true;
    }

    // Pushes a local block, from a fast path or a slow path. Returns false if the array is full.
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

    // Enters a slow path and opens the stacks. Returns false, outside, while another thread drains them.
    bool begin() {
        enter();
        if (claimed()) {
            leave();
            return false;
        }
        open();
        return true;
    }

    // ---- For a drainer, which keeps the owner from ending

    // Closes the stacks. Afterwards every thread must execute a memory barrier. If is_outside() is true then,
    // the owner remains outside until unclaim(). It takes nothing and pushes at most one more block.
    void claim() {
        __atomic_store_n(&claimed_, true, __ATOMIC_RELAXED);
        __atomic_store_n(&closed_, true, __ATOMIC_RELAXED);
        set_home(layout::ShardWord::nowhere());
    }
    bool is_outside() const {
        // A slow path may have opened the stacks before it left.
        return !__atomic_load_n(&inside_, __ATOMIC_ACQUIRE) && closed();
    }
    void unclaim() { __atomic_store_n(&claimed_, false, __ATOMIC_RELEASE); }
    bool claimed() const { return __atomic_load_n(&claimed_, __ATOMIC_ACQUIRE); }
    bool closed() const { return os::load_plainly(closed_); }
    // Returns whether a thread was inside a slow path, or claimed, when the process forked. Called in the
    // forked child for a thread that it does not have.
    bool busy() const { return __atomic_load_n(&inside_, __ATOMIC_ACQUIRE) || claimed(); }

    struct Blocks {
        void** first;
        unsigned count;
    };
    // Blocks that a drainer may take, whatever the owner does meanwhile.
    Blocks local(layout::SizeClass c) const {
        void** const top = this->top(c);
        const int count = distance(empty(c), low_bits(top));
        return {top - count, static_cast<unsigned>(std::max(count, 0))};
    }
    Blocks remote(layout::SizeClass c, unsigned capacity) const {
        const unsigned limit = this->limit(c);
        return {local(c).first + limit, capacity - limit};
    }
    // Marks everything below `slot` as taken.
    void set_bottom(layout::SizeClass c, void* const* slot) {
        __atomic_store_n(&ends_[c].empty, low_bits(slot), __ATOMIC_RELAXED);
    }

    // ---- Contents

    // Indices into the array. For the owner, and for statistics in another thread. Statistics may read wrong
    // values while the owner moves to another array.
    unsigned count(layout::SizeClass c) const { return local(c).count; }
    unsigned limit(layout::SizeClass c) const { return entries(empty(c), full(c)); }

    void** slots(layout::SizeClass c) const { return local(c).first; }
    void set_count(layout::SizeClass c, unsigned count) { set_top(c, slots(c) + count); }
    void set_limit(layout::SizeClass c, unsigned limit) { set_full(c, slots(c) + limit); }
    // Uses an array with `count` local blocks, and with remote blocks from index `limit` on.
    void use(layout::SizeClass c, void** slots, unsigned count, unsigned limit) {
        set_bottom(c, slots);
        set_full(c, slots + limit);
        set_top(c, slots + count);
    }

    // Counts a request of `size` bytes. Returns false once the thread's allowance is used up. The sampler
    // must then be asked, and sets a new allowance.
    bool count_bytes(std::size_t size) {
        allowed_ -= static_cast<std::ptrdiff_t>(size);
        return allowed_ >= 0;
    }
    // Returns whether the allowance is used up. That is so in a new thread, also after a request for 0 bytes.
    bool used_up_bytes() const { return allowed_ <= 0; }
    // Bytes requested beyond the allowance, if there was one.
    std::size_t excess_bytes() const { return static_cast<std::size_t>(-allowed_); }
    void allow_bytes(std::size_t bytes) { allowed_ = static_cast<std::ptrdiff_t>(bytes); }
    void allow_no_request() { allowed_ = -1; } // refuses requests of 0 bytes too

    // Returns whether the stacks belong to `cache`. After an end without notice their memory may have another
    // use.
    bool belong_to(const void* cache) const { return __atomic_load_n(&cache_, __ATOMIC_RELAXED) == cache; }
    void set_cache(const void* cache) { __atomic_store_n(&cache_, cache, __ATOMIC_RELAXED); }

    layout::Shard shard() const { return shard_; }
    void set_shard(layout::Shard shard) {
        shard_ = shard;
        set_home(layout::ShardWord(shard));
    }

  private:
    friend struct observe::Tables; // publishes member offsets to other processes
    using LowBits = std::uint16_t;
    static LowBits low_bits(void* const* slot) {
        return static_cast<LowBits>(reinterpret_cast<std::uintptr_t>(slot));
    }
    static unsigned entries(LowBits from, LowBits to) {
        return static_cast<unsigned>(static_cast<LowBits>(to - from) / sizeof(void*));
    }
    // Like entries(), but -1 while a malloc has moved the `top` of an empty stack and not moved it back.
    static int distance(LowBits from, LowBits to) {
        return static_cast<std::int16_t>(to - from) / static_cast<int>(sizeof(void*));
    }

    void open() {
        set_home(layout::ShardWord(shard_));
        __atomic_store_n(&closed_, false, __ATOMIC_RELAXED);
    }
    void set_home(layout::ShardWord home) { __atomic_store(&home_, &home, __ATOMIC_RELAXED); }

    // A drainer that reads `top` or `full` must see the entries written before. The owner may read both
    // plainly, so that the compiler can compare with memory.
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
    layout::ShardWord home_{};   // no block has shard 0; nowhere() if closed
    std::ptrdiff_t allowed_ = 0; // bytes; see count_bytes()
    const void* cache_ = nullptr;
    // Each flag has its own word, because tests that track single words must tell them apart.
    alignas(8) bool closed_ = false;  // by a drainer, until the next slow path
    alignas(8) bool claimed_ = false; // by a drainer
    alignas(8) bool inside_ = false;  // the owner is in a slow path
    layout::Shard shard_ = 0;

  public:
    Phase phase = Phase::kNew;
};
static_assert(sizeof(PointerStacks) < 1024, "static thread-local storage comes out of every thread's stack");

extern constinit thread_local PointerStacks stacks;

// Returns the calling thread's stacks, with their address in a register. Otherwise the compiler adds the
// thread pointer for each member. The register is not rax, which holds the returned block meanwhile.
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
