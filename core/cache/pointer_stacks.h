// SPDX-License-Identifier: MIT
//
// What malloc and free touch of a thread's cache: for each size class one array of pointers, used from two
// ends.
//
//   slots  | local, local, local →            (free)            ← foreign, foreign |
//          empty                top                           full
//
// Local blocks (of this thread's shard) are pushed and popped at `top`. Blocks of other shards grow down
// from the far end and are never handed out here: they go home in a batch. The array is full when the ends
// meet. Neither end touches the blocks themselves.
//
// Of the two places that `top` is compared with the low 16 bits are kept: an array is shorter than what they
// tell apart. `top` is an address and no index because a block that is freed and handed out again at once
// goes through memory twice, and with an index each time takes twice as long.
//
// All zero, as thread-local storage starts (also before the dynamic loader has initialised it), the stacks
// are closed, every pop is empty and every push full: the slow path then makes the cache, or does without.
// What the owning thread writes is atomic so that statistics may read it.
//
// Other threads may empty the stacks (drain.h). The owner is inside from enter() to leave(), two stores. Who
// drains claims the stacks, closes them, has a memory barrier executed by every thread, and looks: if the
// owner is outside then, it stays outside until the claim ends. Its fast paths find closed stacks, at no
// cost: a malloc asks whether its size is served, and a free whether the block is of the home shard, in any
// case. Its slow paths find the claim and do without the stacks. Only they open the stacks again.
#pragma once

#include "layout/size_class.h"
#include "layout/window.h"
#include "os/marking.h"
#include "os/plain_load.h"

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
    static constexpr std::size_t kArrayBytes = std::size_t{1} << 16; // an array has fewer

    // ---- For the owner, who is inside

    bool pop(unsigned c, void*& block) {
        void** const top = tops_[c];
        if (low_bits(top) == ends_[c].empty) [[unlikely]]
            return false;
        set_top(c, top - 1);
        block = top[-1];
        os::forget(top[-1]);
        return true;
    }

    bool push(unsigned c, void* block) {
        void** const top = tops_[c];
        if (low_bits(top) == ends_[c].full) [[unlikely]]
            return false;
        *top = block;
        set_top(c, top + 1);
        return true;
    }

    bool push_foreign(unsigned c, void* block) {
        void** const top = tops_[c];
        const unsigned free = entries(low_bits(top), ends_[c].full);
        if (free == 0) [[unlikely]]
            return false;
        top[free - 1] = block;
        set_full(c, top + (free - 1));
        return true;
    }

    bool push(layout::PageHeader header, void* block) {
        const unsigned c = header.class_within(os::load_plainly(home_));
        if (c < layout::kClasses) [[likely]]
            return push(c, block);
        return c < layout::ShardWord::kNowhere && push_foreign(c & 0xff, block);
    }

    // False for sizes above the classes, and if the stacks are closed.
    bool serve(std::size_t size) const { return size < os::load_plainly(below_); }

    // ---- Who is inside

    // For the fast paths, which then ask serve() or push by a header.
    void enter() {
        __atomic_store_n(&inside_, true, __ATOMIC_RELAXED);
        __atomic_signal_fence(__ATOMIC_SEQ_CST); // the processor's order is the drainer's concern
    }
    void leave() { __atomic_store_n(&inside_, false, __ATOMIC_RELEASE); }

    // For the slow paths: enters and opens the stacks. False, and outside, while somebody drains them.
    bool begin() {
        enter();
        if (claimed()) {
            leave();
            return false;
        }
        open();
        return true;
    }
    bool claimed() const { return __atomic_load_n(&claimed_, __ATOMIC_ACQUIRE) != 0; }

    // pop() and push() for whoever is outside.
    bool take(unsigned c, void*& block) {
        enter();
        const bool taken = serve(0) && pop(c, block);
        leave();
        return taken;
    }
    bool put(layout::PageHeader header, void* block) {
        enter();
        const bool taken = push(header, block);
        leave();
        return taken;
    }

    // For another thread, which keeps the owner from ending. Between the two every thread executes a memory
    // barrier. The owner is outside, and stays there until unclaim(), if is_left() is true.
    void claim() {
        __atomic_store_n(&claimed_, 1, __ATOMIC_RELAXED);
        close();
    }
    bool is_left() const {
        // Whoever left after a look at the claim may have opened the stacks.
        return !__atomic_load_n(&inside_, __ATOMIC_ACQUIRE) && !serve(0) &&
               layout::PageHeader{}.class_within(os::load_plainly(home_)) >= layout::ShardWord::kNowhere;
    }
    void unclaim() { __atomic_store_n(&claimed_, 0, __ATOMIC_RELEASE); }
    // In a forked child, of another thread: somebody was in the middle of something when the process forked.
    bool busy() const { return __atomic_load_n(&inside_, __ATOMIC_ACQUIRE) || claimed(); }

    // Without a cache, or when somebody else is to be kept out.
    void close() {
        __atomic_store_n(&below_, 0, __ATOMIC_RELAXED);
        set_home(layout::ShardWord::nowhere());
    }

    // ---- What they hold

    // As indices into the array. For the owner, and for statistics in another thread, to which they may look
    // wrong while the owner moves to another array.
    unsigned count(layout::SizeClass c) const { return entries(empty(c), low_bits(top(c))); }
    unsigned limit(layout::SizeClass c) const { return entries(empty(c), full(c)); }

    void** slots(layout::SizeClass c) const { return tops_[c] - count(c); }
    void set_count(layout::SizeClass c, unsigned count) { set_top(c, slots(c) + count); }
    void set_limit(layout::SizeClass c, unsigned limit) { set_full(c, slots(c) + limit); }
    // An array that holds so many local blocks, and foreign ones from `limit` on.
    void use(layout::SizeClass c, void** slots, unsigned count, unsigned limit) {
        __atomic_store_n(&ends_[c].empty, low_bits(slots), __ATOMIC_RELAXED);
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

    void open() {
        __atomic_store_n(&below_, layout::kMaxClassSize + 1, __ATOMIC_RELAXED);
        set_home(layout::ShardWord(shard_));
    }
    void set_home(layout::ShardWord home) { __atomic_store(&home_, &home, __ATOMIC_RELAXED); }

    // Atomic for the sake of readers in other threads; the owner may read its own plainly, which lets the
    // compiler compare with memory.
    void set_top(unsigned c, void** top) { __atomic_store_n(&tops_[c], top, __ATOMIC_RELAXED); }
    void set_full(unsigned c, void* const* slot) {
        __atomic_store_n(&ends_[c].full, low_bits(slot), __ATOMIC_RELAXED);
    }
    void** top(unsigned c) const { return __atomic_load_n(&tops_[c], __ATOMIC_RELAXED); }
    LowBits empty(unsigned c) const { return __atomic_load_n(&ends_[c].empty, __ATOMIC_RELAXED); }
    LowBits full(unsigned c) const { return __atomic_load_n(&ends_[c].full, __ATOMIC_RELAXED); }

    struct Ends {
        LowBits empty;
        LowBits full;
    };

    std::array<void**, layout::kClasses> tops_{};
    std::array<Ends, layout::kClasses> ends_{};
    layout::ShardWord home_{};   // shard 0 is no block's; nowhere() if closed
    std::ptrdiff_t allowed_ = 0; // bytes; see count_bytes()
    std::size_t below_ = 0;      // sizes below are served; 0 if closed
    std::size_t claimed_ = 0;    // 1: by somebody who drains
    const void* cache_ = nullptr;
    bool inside_ = false; // the owner is
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
