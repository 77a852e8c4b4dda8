// SPDX-License-Identifier: MIT
#include "observe/stack_memory.h"

#include "os/page_memory.h"
#include "os/possible_memory.h"
#include "os/process.h"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace ashlar::observe {

namespace {

// The known part of this thread's own stack. A signal handler may read and extend it between any two stores.
// The readable range only grows, so an older value is also true.
struct OwnStack {
    std::atomic<std::uintptr_t> low{0};  // start of the readable range; 0 before its end is known
    std::atomic<std::uintptr_t> high{0}; // end of the readable range
    std::atomic<std::uintptr_t> gap{0};  // unreadable page below `low`; another stack is below it
};
constinit thread_local OwnStack own;

// Largest growth of the range in one step, pages. A coroutine inside a large mapping costs 1 ms, once.
constexpr std::uintptr_t kMostPages = 4096;

std::uintptr_t thread_descriptor() {
    std::uintptr_t address = 0;
#if defined(__x86_64__)
    asm("mov %%fs:0, %0" : "=r"(address));
#elif defined(__aarch64__)
    asm("mrs %0, tpidr_el0" : "=r"(address));
#endif
    return address;
}

// Returns the end of the stack. In a child that another thread than the first has forked, this is another
// stack's end. The kernel then reads the thread's stack, as with foreign stacks.
std::uintptr_t end_of_stack() {
    const bool first_thread = os::thread_id() == os::process_id();
    return first_thread ? reinterpret_cast<std::uintptr_t>(os::start_of_stack()) : thread_descriptor();
}

// Returns the first page from `from` on that cannot be read, or `to` or more if there is none before `to`.
std::uintptr_t first_gap(std::uintptr_t from, std::uintptr_t to) {
    const std::uintptr_t page = os::page_size();
    std::uintptr_t at = from;
    while (at < to && os::is_readable(reinterpret_cast<const void*>(at)))
        at += page;
    return at;
}

// Extends the range down to `address` if every page between can be read.
void reach(std::uintptr_t address) {
    if (own.low.load(std::memory_order_relaxed) == 0) {
        const std::uintptr_t end = end_of_stack();
        own.high.store(end, std::memory_order_release);
        own.low.store(end, std::memory_order_release);
    }
    const std::uintptr_t low = own.low.load(std::memory_order_relaxed);
    const std::uintptr_t start = address & -os::page_size();
    if (address >= low || start <= own.gap.load(std::memory_order_relaxed)) return;
    const bool near = low - start <= kMostPages * os::page_size();
    const std::uintptr_t gap = near ? first_gap(start, low) : start;
    if (gap >= low) {
        own.low.store(start, std::memory_order_release);
    } else {
        own.gap.store(gap, std::memory_order_relaxed);
    }
}

} // namespace

void StackMemory::stand_at(std::uintptr_t address) {
    const std::uintptr_t known = own.low.load(std::memory_order_acquire);
    if (known == 0 || address < known) reach(address);
    // Starts at `address`: a program may protect pages of its stack below its present place.
    const std::uintptr_t low = own.low.load(std::memory_order_acquire);
    const std::uintptr_t high = own.high.load(std::memory_order_relaxed);
    const bool on_own = address >= low && address < high && high - address >= sizeof(std::uint64_t);
    low_ = address;
    size_ = on_own ? high - address - (sizeof(std::uint64_t) - 1) : 0;
}

bool StackMemory::read_elsewhere(std::uintptr_t address, std::uint64_t& word) {
    if (address % sizeof word != 0) return false;
    if (address - piece_ >= piece_size_) {
        // Stops at the end of the page, because the next page may be unreadable.
        const std::uintptr_t page = os::page_size();
        const std::size_t size = std::min<std::size_t>(kPiece, page - address % page);
        piece_size_ = 0;
        if (!os::copy_if_readable(bytes_.data(), reinterpret_cast<const void*>(address), size)) return false;
        piece_ = address;
        piece_size_ = size;
    }
    std::memcpy(&word, bytes_.data() + (address - piece_), sizeof word);
    return true;
}

} // namespace ashlar::observe
