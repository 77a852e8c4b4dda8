// SPDX-License-Identifier: MIT
#include "heap/heap.h"

#include "cache/thread_cache.h"
#include "heap/external.h"
#include "heap/fallback.h"
#include "heap/large.h"
#include "heap/misuse.h"
#include "heap/sampling.h"
#include "layout/superslab.h"
#include "os/config.h"
#include "os/counters.h"
#include "os/page_memory.h"
#include "os/probe.h"
#include "os/process.h"
#include "slab/misuse.h"
#include "slab/supply.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <unistd.h>

namespace ashlar::heap {

namespace {

using layout::kMaxClassSize;
using layout::SizeClass;
using layout::SliceHeader;
using layout::window;

enum class Service : std::uint8_t { kUnknown, kClasses, kFallback };
constinit std::atomic<Service> service{Service::kUnknown};

constinit os::Mutex<os::Rank::kOpening> opening;

constinit Service service_before = Service::kUnknown; // the service before a forked child closed the heap
constinit bool heap_closed = false;

constinit bool started = false;         // start() has run
constinit bool enough_addresses = true; // set by start()

// Below this limit a thread's stack could need the room of a superslab. The fallback takes less at a time.
constexpr std::size_t kLeastAddressSpace = std::size_t{48} << 20;

bool ready_for_service() {
    if (os::settings.enabled.load(std::memory_order_relaxed) == 0) return false;
    if (!enough_addresses) return false;
    if (!window.open(os::settings.window.load(std::memory_order_relaxed))) return false;
    os::settings.window.store(window.capacity(), std::memory_order_relaxed);
    return slab::shard_pool.prepare();
}

// Decides who serves. Two threads may make the first call, after a late dlopen or if the program replaces
// malloc but not operator new. Before start() the environment may be missing, and dlsym must not be called.
void open_for_service() {
    {
        const os::Guard guard(opening);
        if (service.load(std::memory_order_relaxed) != Service::kUnknown) return;
        os::read_settings(environ);
        service.store(ready_for_service() ? Service::kClasses : Service::kFallback,
                      std::memory_order_release);
    }
    if (started) fallback::prepare(); // allocates
}

Service service_now() {
    if (service.load(std::memory_order_acquire) == Service::kUnknown) open_for_service();
    return service.load(std::memory_order_acquire);
}

void* out_of_memory() {
    errno = ENOMEM;
    return nullptr;
}

// A valid block of the window. The constructor ends the process if the block is invalid.
struct Owned {
    SliceHeader header;
    std::size_t size;

    explicit Owned(const void* block) : header(window.header_of(block)) {
        if (header == large::kHeader && layout::is_slice_start(block)) {
            size = large::usable_size(block);
            return;
        }
        if (slab::is_mixed(header)) {
            size = slab::usable_size_mixed(block);
            return;
        }
        if (header.size_class() == 0 || slab::block_around(block, header.size_class()) != block) {
            report_no_block(block);
        }
        size = layout::class_size(header.size_class());
    }

    bool is_large() const { return header == large::kHeader; }
};

// Returns an upper bound of a block's length, without a lock.
std::size_t reach(const void* block) {
    const SliceHeader header = window.header_of(block);
    if (slab::is_mixed(header)) return layout::kSliceSize - window.offset_of(block) % layout::kSliceSize;
    return Owned(block).size;
}

// Returns `block`, an address outside of the window. Ends the process if it cannot be a block.
void* external(void* block) {
    if (const std::string_view objection = objection_to(block); !objection.empty()) {
        report_external(block, objection);
    }
    return block;
}

// Calls the fallback for a request that the heap could not serve, and counts the call. Without a heap every
// request is passed on, so none is counted.
template <typename Call>
auto pass_on(std::size_t size, Call call) {
    if (service.load(std::memory_order_relaxed) == Service::kClasses) os::count(os::counters.fallback_calls);
    ASHLAR_PROBE1(fallback, size);
    return call();
}

// Returns null if neither the classes nor the window can serve now.
void* allocate_class(SizeClass c) {
    void* const block = service_now() == Service::kClasses ? cache::allocate(c) : nullptr;
    if (block != nullptr) os::mark_used(block, layout::class_size(c));
    return block;
}

bool serves_large(std::size_t size) {
    return service_now() == Service::kClasses &&
           size <= os::settings.large_limit.load(std::memory_order_relaxed);
}

large::Block allocate_large(std::size_t size, std::size_t alignment,
                            large::Contents contents = large::Contents::kAny) {
    return serves_large(std::max(size, alignment)) ? large::allocate(size, alignment, contents)
                                                   : large::Block{};
}

// Returns whether a counted request becomes a sample.
bool is_due(std::size_t size) {
    return cache::my_stacks().used_up_bytes() && !heap_closed && sampling::is_due(size);
}
// Counts a request that skips the fast path, and returns whether it becomes a sample.
bool counts_out(std::size_t size) {
    cache::my_stacks().count_bytes(size);
    return is_due(size);
}

void* sample_if(bool due, void* block, std::size_t size) {
    return due ? sampling::begin(block, size) : block;
}

// Counts a resized or moved large block as a new request. `number` is its old sample number.
void* count_resized(void* block, std::uint32_t number, std::size_t size) {
    sampling::end_large(number);
    large::set_number(block, 0);
    return sample_if(counts_out(size), block, size);
}

void return_cached() {
    cache::flush();
    cache::drain_others();
    slab::shard_pool.for_each_bin([](SliceHeader, slab::Bin& bin) { bin.trim(); });
}

// Returns the result of `ask`, after giving back all free memory if the first attempt fails. Ashlar and the
// fallback count against the same limits, so `ask` should try both. Restores errno on success, because the
// fallback may set it.
template <typename Ask>
void* insist(std::size_t size, Ask ask) {
    const int saved = errno;
    void* block = ask();
    if (block == nullptr && serving() && size <= window.capacity() && make_room()) [[unlikely]]
        block = ask();
    if (block != nullptr) errno = saved;
    return block;
}

void* allocate_counted(std::size_t size, bool due) {
    void* const taken = insist(size, [size] {
        void* const block = size <= kMaxClassSize ? allocate_class(layout::class_of(size))
                                                  : allocate_large(size, layout::kAlignment).start;
        return block != nullptr ? block : pass_on(size, [size] { return fallback::allocate(size); });
    });
    return sample_if(due, taken, size);
}

// Allocates a block that receives the contents of a smaller one.
void* allocate_growing(std::size_t size) {
    void* const block =
        size > kMaxClassSize && serves_large(size) ? large::allocate_growing(size).start : nullptr;
    return block != nullptr ? sample_if(counts_out(size), block, size) : allocate(size);
}

// Moves the contents to a new block. Returns the old one if it shrinks and there is no memory.
void* move(void* block, std::size_t old_size, std::size_t size) {
    const int saved = errno;
    void* const moved = size > old_size ? allocate_growing(size) : allocate(size);
    if (moved == nullptr) {
        if (size > old_size) return nullptr;
        errno = saved;
        return block;
    }
    std::memcpy(moved, block, std::min(old_size, size));
    release(block);
    return moved;
}

// Returns whether the block can be kept: it is large enough, and at least half of it is used.
bool stays(const Owned& owned, std::size_t size) {
    const bool half_used = size >= owned.size / 2;
    return size <= owned.size && (half_used || owned.size == layout::kAlignment);
}

// Resizes a large block without copying. Returns null if that is impossible or not worthwhile.
void* resize_large(void* block, std::size_t old_size, std::size_t size) {
    const std::uint32_t number = large::number_of(block);
    if ((size > kMaxClassSize || size >= old_size / 2) && large::resize_in_place(block, size)) {
        if (large::usable_size(block) == old_size) return block;
        sampling::tell_end_of_large(block, number);
        return count_resized(block, number, size);
    }
    if (size > os::settings.large_limit.load(std::memory_order_relaxed)) return nullptr;
    if (!large::should_move(block, size)) return nullptr;
    // Tell the probe before the move. Afterwards another thread may get the old place.
    sampling::tell_end_of_large(block, number);
    void* const moved = large::resize_by_moving(block, size);
    return moved != nullptr ? count_resized(moved, number, size) : nullptr;
}

} // namespace

os::Mutex<os::Rank::kOpening>& opening_mutex() {
    return opening;
}

[[gnu::cold]] void start(const char* const* arguments, const char* const* environment) {
    started = true;
    os::remember_arguments(arguments);
    if (fallback::behind_malloc()) slab::advise_hardened();
    enough_addresses = os::address_space_limit() >= kLeastAddressSpace;
    os::read_settings(environment);
    if (service.load(std::memory_order_relaxed) != Service::kUnknown) {
        fallback::prepare();
        if (os::settings.enabled.load(std::memory_order_relaxed) == 0) {
            service.store(Service::kFallback, std::memory_order_relaxed);
        }
    } else if (!fallback::behind_malloc()) {
        open_for_service();
    }
}

// The interrupted call may be open_for_service(). It then opens the heap itself.
void close() {
    heap_closed = true;
    service_before = service.load(std::memory_order_relaxed);
    service.store(Service::kFallback, std::memory_order_relaxed);
    cache::set_aside();
}

void go_on(bool whole) {
    cache::put_back(whole);
    if (!whole) return;
    heap_closed = false;
    if (service_before != Service::kUnknown) service.store(service_before, std::memory_order_relaxed);
}

bool closed() {
    return heap_closed;
}

bool serving() {
    return service_now() == Service::kClasses;
}

void* allocate_slow(std::size_t size) {
    if (size <= kMaxClassSize) return allocate_counted(size, is_due(size));
    if (size > PTRDIFF_MAX) return out_of_memory();
    return allocate_counted(size, counts_out(size));
}

void release_slow(void* block) {
    if (block == nullptr) return;
    if (!window.contains(block)) {
        fallback::release(external(block));
        return;
    }
    if (heap_closed) [[unlikely]]
        return;
    const SliceHeader header = window.header_of(block);
    if (window.offset_of(block) % layout::kAlignment != 0) report_no_block(block);
    if (header.size_class() != 0) {
        cache::release(header, block);
    } else if (header == slab::kSampled) {
        release_slow(sampling::end_small(block));
    } else if (slab::is_mixed(header)) {
        slab::give_mixed(block, 0);
    } else if (header == large::kHeader && layout::is_slice_start(block)) {
        sampling::tell_end_of_large(block, large::number_of(block));
        sampling::end_large(large::release(block));
    } else {
        report_no_block(block);
    }
}

void* allocate_zeroed(std::size_t count, std::size_t size) {
    os::expect_no_lock("calloc");
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX) return out_of_memory();
    if (bytes > kMaxClassSize || !serving()) {
        const bool due = counts_out(bytes);
        void* const taken = insist(bytes, [bytes] {
            const large::Block block = allocate_large(bytes, layout::kAlignment, large::Contents::kZero);
            if (block.start == nullptr)
                return pass_on(bytes, [bytes] { return fallback::allocate_zeroed(1, bytes); });
            return block.zero ? block.start : std::memset(block.start, 0, bytes);
        });
        return sample_if(due, taken, bytes);
    }
    void* const block = allocate(bytes);
    return block != nullptr ? std::memset(block, 0, bytes) : nullptr;
}

void* allocate_aligned(std::size_t alignment, std::size_t size) {
    os::expect_no_lock("aligned_alloc");
    if (alignment <= layout::kAlignment) return allocate(size);
    if (size > PTRDIFF_MAX || alignment > PTRDIFF_MAX - size) return out_of_memory();
    const SizeClass c = layout::class_of_aligned(size, alignment);
    const bool due = counts_out(size);
    void* taken = nullptr;
    if (c != 0 && cache::my_stacks().take(c, taken)) {
        os::mark_used(taken, layout::class_size(c));
    } else {
        taken = insist(size + alignment, [=] {
            void* const block = c != 0 ? allocate_class(c) : allocate_large(size, alignment).start;
            return block != nullptr
                       ? block
                       : pass_on(size, [=] { return fallback::allocate_aligned(alignment, size); });
        });
    }
    return sample_if(due, taken, size);
}

void* resize(void* block, std::size_t size) {
    os::expect_no_lock("realloc");
    if (block == nullptr) return allocate(size);
    if (size == 0) {
        release(block);
        return nullptr;
    }
    if (size > PTRDIFF_MAX) return out_of_memory();
    if (!window.contains(block)) {
        const std::size_t usable = fallback::usable_size(external(block));
        // The fallback's realloc might move it.
        if (size <= usable && size >= usable / 2) return block;
        if (size > kMaxClassSize || !serving()) {
            return insist(size, [=] { return fallback::resize(block, size); });
        }
        return move(block, usable, size);
    }
    if (heap_closed) [[unlikely]]
        return move(block, reach(block), size);
    const Owned owned(block);
    if (owned.is_large()) {
        if (void* const resized = resize_large(block, owned.size, size)) return resized;
    } else if (stays(owned, size)) {
        return block;
    }
    return move(block, owned.size, size);
}

std::size_t usable_size(void* block) {
    if (block == nullptr) return 0;
    if (!window.contains(block)) return fallback::usable_size(external(block));
    if (heap_closed && window.header_of(block) == slab::kSampled) return sampling::requested_size(block);
    if (heap_closed && slab::is_mixed(window.header_of(block))) return slab::MixedSlabs::kLeastSize;
    return Owned(block).size;
}

bool make_room() {
    const int saved = errno;
    const bool trimmed = fallback::trim(0);
    const std::size_t before = layout::superslabs.slices_in_use();
    return_cached();
    const bool withdrawn = layout::superslabs.withdraw_all() != 0;
    errno = saved;
    return withdrawn || trimmed || layout::superslabs.slices_in_use() < before;
}

bool trim(std::size_t keep) {
    os::expect_no_lock("malloc_trim");
    const bool fallback_trimmed = fallback::trim(keep);
    if (!serving()) return fallback_trimmed;
    return_cached();
    std::size_t purged = 0;
    slab::shard_pool.for_each_bin([&purged](SliceHeader, slab::Bin& bin) { purged += bin.purge_unused(); });
    return layout::superslabs.purge_all() + purged != 0 || fallback_trimmed;
}

} // namespace ashlar::heap
