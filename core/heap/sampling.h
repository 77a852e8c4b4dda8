// SPDX-License-Identifier: MIT
//
// Samples: blocks that a profiler above the heap watches from allocation to release.
//
// Each thread counts requested bytes against its allowance (cache/pointer_stacks.h). When that is used up, a
// hook asks the profiler whether this request becomes a sample. If no profiler runs, inside or outside of the
// process (os/memory_probes.h), the thread only gets another kUnwatched bytes.
//
// A sample of a size class lies in a slab of samples, whose header sends free() to its slow path. The block
// that would have been served is taken too and kept unused, as the sample's *shadow*. So slabs look as they
// would without a profiler. A sampled large block lies where it would anyway. Its number is stored beside its
// length.
//
// A sample has a number, an index into a table that only grows. Numbers of ended samples are reused. Code
// here takes no lock of its own and does not wait, but slabs and the metadata pool have locks. Hooks are
// called without a lock and must not allocate.
#pragma once

#include "cache/pointer_stacks.h"
#include "os/memory_probes.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::heap::sampling {

// Data that the profiler keeps with a sample.
struct Facts {
    std::uint64_t id = 0; // unique in the process, never reused; 0: not watched
    std::uint64_t time = 0;
    std::uint64_t size = 0;   // as requested
    std::uint64_t weight = 0; // bytes that the sample stands for
    std::uint64_t blocks = 0; // blocks that it stands for, in 1/1024
};

struct Hooks {
    // Called when a request of `size` bytes uses up the thread's allowance. Sets a new allowance. Returns
    // whether the request becomes a sample.
    bool (*choose)(std::size_t size);
    // Called before a sample is handed out.
    Facts (*begin)(const void* block, std::size_t size, std::size_t usable);
    // Called if there is no room for a chosen request of `size` bytes. It does not become a sample.
    void (*lose)(std::size_t size);
    // Called when a watched sample was released.
    void (*end)(const Facts& facts);
};
void set_hooks(const Hooks& hooks);

// Command to the profiler. `ashlar profile --pid` writes it from outside of the process.
enum Control : std::uint32_t { kOff, kRecord, kPause, kStop, kDumpToo = 0x100 };
[[gnu::visibility("hidden")]] extern constinit std::atomic<std::uint32_t> control;

inline constexpr std::size_t kUnwatched = std::size_t{512} << 10;

bool ask_profiler(std::size_t size);
// Returns whether a request that uses up the thread's allowance becomes a sample. Must be called for each.
inline bool is_due(std::size_t size) {
    if (control.load(std::memory_order_relaxed) != kOff || os::memory_probes::wants_alloc()) [[unlikely]]
        return ask_profiler(size);
    cache::my_stacks().allow_bytes(kUnwatched);
    return false;
}

// Makes a sample of a block that was just taken, or of null. Returns the block to hand out instead.
void* begin(void* block, std::size_t size);

// Ends a sample of a size class, which the slice's header identifies. Returns its shadow, which the caller
// must release. Ends the process (see slab/misuse.h) if it is not a live block.
void* end_small(void* block);
// Returns the requested size or more, up to the block's length. Takes no lock, for a closed heap.
std::size_t requested_size(const void* block);
// Tells the probe that the large block `number`, unless 0, is about to be released or moved.
inline void tell_end_of_large(const void* block, std::uint32_t number) {
    if (os::memory_probes::wants_free() && number != 0) [[unlikely]]
        os::memory_probes::tell_free(block);
}
// Ends the sample of a large block that was released. Does nothing for number 0.
void end_large(std::uint32_t number);

// Calls visit(facts, shadow) for every watched sample. The shadow of a large block is null. Samples may begin
// and end meanwhile.
using Visit = void (*)(void* context, const Facts& facts, const void* shadow);
void for_each(Visit visit, void* context);

} // namespace ashlar::heap::sampling
