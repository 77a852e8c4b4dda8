// SPDX-License-Identifier: MIT
//
// Samples: blocks that a profiler above the heap watches from their allocation to their release.
//
// Each thread counts the bytes that it asks for against what it was allowed (cache/pointer_stacks.h). When
// that is used up, the profiler is asked, through a hook, whether the request at hand becomes a sample. While
// no profiler is switched on, in the process or outside of it (os/memory_probes.h), the thread is allowed
// another kUnwatched bytes, and that is all.
//
// A sample of a size class lies apart, in a slab that holds samples only and whose header leads free() to its
// slow path. The block that would have been served is taken as well and stays unused: it is the sample's
// *shadow*. So the slabs look as they would without a profiler. A sampled large block is where it would have
// been; its number stands beside its length.
//
// A sample has a number, an index into a table that only grows. Numbers of samples that ended are used again.
// Nothing here takes a lock for itself or waits, but slabs and the metadata pool have their own. The hooks
// are called without a lock, and must not allocate.
#pragma once

#include "cache/pointer_stacks.h"
#include "os/memory_probes.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::heap::sampling {

// What the profiler keeps with a sample.
struct Facts {
    std::uint64_t id = 0; // of all samples of the process, never used again; 0: not watched
    std::uint64_t time = 0;
    std::uint64_t size = 0;   // as requested
    std::uint64_t weight = 0; // bytes that it stands for
    std::uint64_t blocks = 0; // likewise, in 1/1024
};

struct Hooks {
    // The calling thread has used up its bytes with a request of `size` bytes. Allows it more; true if the
    // request is to be a sample.
    bool (*choose)(std::size_t size);
    // A sample is about to be handed out.
    Facts (*begin)(const void* block, std::size_t size, std::size_t usable);
    // There is no room for what was chosen, a block of `size` bytes: it does not become a sample.
    void (*lose)(std::size_t size);
    // A sample that is watched was released.
    void (*end)(const Facts& facts);
};
void set_hooks(const Hooks& hooks);

// What the profiler is to do. Also written by `ashlar profile --pid`, from outside of the process.
enum Control : std::uint32_t { kOff, kRecord, kPause, kStop, kDumpToo = 0x100 };
[[gnu::visibility("hidden")]] extern constinit std::atomic<std::uint32_t> control;

inline constexpr std::size_t kUnwatched = std::size_t{512} << 10;

bool ask_profiler(std::size_t size);
// To be asked for each request with which the thread has used up its bytes.
inline bool is_due(std::size_t size) {
    if (control.load(std::memory_order_relaxed) != kOff || os::memory_probes::wants_alloc()) [[unlikely]]
        return ask_profiler(size);
    cache::my_stacks().allow_bytes(kUnwatched);
    return false;
}

// Makes a sample of a block that was just taken, or null: what is to be handed out instead.
void* begin(void* block, std::size_t size);

// The header of the block's slice says that it is a sample of a size class. Returns its shadow, which is the
// caller's to release. Ends the process (see slab/misuse.h) if it is no live block.
void* end_small(void* block);
// At least what was asked for, and no more than there is. Takes no lock: for a heap that is closed.
std::size_t requested_size(const void* block);
// A large block with this number, if it is not 0, is about to be released or to move.
inline void tell_end_of_large(const void* block, std::uint32_t number) {
    if (os::memory_probes::wants_free() && number != 0) [[unlikely]]
        os::memory_probes::tell_free(block);
}
// It was released.
void end_large(std::uint32_t number);

// Calls visit(facts, shadow) for every sample that is watched; the shadow of a large block is null. Samples
// begin and end meanwhile.
using Visit = void (*)(void* context, const Facts& facts, const void* shadow);
void for_each(Visit visit, void* context);

} // namespace ashlar::heap::sampling
