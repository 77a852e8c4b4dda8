// SPDX-License-Identifier: MIT
#include "heap/heap.h"

#include "cache/thread_cache.h"
#include "heap/fallback.h"
#include "layout/superslab.h"
#include "os/config.h"
#include "slab/misuse.h"
#include "slab/shard_pool.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <unistd.h>

namespace ashlar::heap {

namespace {

using layout::kMaxClassSize;
using layout::PageHeader;
using layout::SizeClass;
using layout::window;

enum class Service : std::uint8_t { kUnknown, kClasses, kFallback };
constinit std::atomic<Service> service{Service::kUnknown};

constinit os::Mutex<os::Rank::kOpening> opening;

constinit bool started = false; // the start-up hook has run

bool ready_for_service() {
    if (os::settings.enabled.load(std::memory_order_relaxed) == 0) return false;
    if (!window.reserve(os::settings.window.load(std::memory_order_relaxed))) return false;
    os::settings.window.store(window.size, std::memory_order_relaxed);
    return slab::shard_pool.prepare();
}

// Two threads may make the first call: of a library opened late, or when a program has a malloc of its own
// and leaves us operator new. Before the start-up hook the environment may be missing, and dlsym must not be
// called.
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

// The header of the block's page, once it is certain that this is the start of a block.
PageHeader header_of_block(const void* block) {
    const PageHeader header = window.header_of(block);
    if (header.size_class() == 0) slab::report(slab::Fault::kNoBlock, block);
    if (slab::block_around(block, header.size_class()) != block) slab::report(slab::Fault::kInterior, block);
    return header;
}

void* move(void* block, std::size_t old_size, std::size_t size) {
    void* const moved = allocate(size);
    if (moved == nullptr) return nullptr;
    std::memcpy(moved, block, std::min(old_size, size));
    release(block);
    return moved;
}

// The class's block; null if the classes do not serve now.
void* allocate_class(SizeClass c) {
    return service_now() == Service::kClasses ? cache::allocate(c) : nullptr;
}

} // namespace

os::Mutex<os::Rank::kOpening>& opening_mutex() {
    return opening;
}

void start(const char* const* environment) {
    started = true;
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

bool serving() {
    return service_now() == Service::kClasses;
}

void* allocate_slow(std::size_t size) {
    if (size <= kMaxClassSize) {
        void* const block = allocate_class(layout::class_of(size));
        if (block != nullptr) return block;
    }
    if (size > PTRDIFF_MAX) return out_of_memory();
    return fallback::allocate(size);
}

void release_slow(void* block) {
    if (block == nullptr) return;
    if (!window.contains(block)) {
        fallback::release(block);
        return;
    }
    const PageHeader header = window.header_of(block);
    if (header.size_class() == 0) slab::report(slab::Fault::kNoBlock, block);
    cache::release(header, block);
}

void* allocate_zeroed(std::size_t count, std::size_t size) {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX) return out_of_memory();
    if (bytes > kMaxClassSize || !serving()) return fallback::allocate_zeroed(1, bytes);
    void* const block = allocate(bytes);
    return block != nullptr ? std::memset(block, 0, bytes) : nullptr;
}

void* allocate_aligned(std::size_t alignment, std::size_t size) {
    if (alignment <= layout::kAlignment) return allocate(size);
    const SizeClass c = layout::class_of_aligned(size, alignment);
    if (c != 0) {
        void* block = nullptr;
        if (cache::stacks.pop(c, block)) return block;
        block = allocate_class(c);
        if (block != nullptr) return block;
    }
    if (size > PTRDIFF_MAX || alignment > PTRDIFF_MAX - size) return out_of_memory();
    return fallback::allocate_aligned(alignment, size);
}

void* resize(void* block, std::size_t size) {
    if (block == nullptr) return allocate(size);
    if (size == 0) {
        release(block);
        return nullptr;
    }
    if (size > PTRDIFF_MAX) return out_of_memory();
    if (!window.contains(block)) {
        const std::size_t usable = fallback::usable_size(block);
        if (size <= usable && size >= usable / 2) return block; // the fallback's realloc may move it
        if (size > kMaxClassSize || !serving()) return fallback::resize(block, size);
        return move(block, usable, size);
    }
    const std::size_t old_size = layout::class_size(header_of_block(block).size_class());
    // A block that shrinks stays where it is until half of it would be waste.
    if (size <= old_size && (size >= old_size / 2 || old_size == layout::kAlignment)) return block;
    const int saved = errno;
    void* const moved = move(block, old_size, size);
    if (moved != nullptr || size > old_size) return moved;
    errno = saved; // without memory for a smaller block this one does
    return block;
}

std::size_t usable_size(void* block) {
    if (block == nullptr) return 0;
    if (!window.contains(block)) return fallback::usable_size(block);
    return layout::class_size(header_of_block(block).size_class());
}

bool trim(std::size_t keep) {
    const bool fallback_trimmed = fallback::trim(keep);
    if (!serving()) return fallback_trimmed;
    cache::flush();
    slab::shard_pool.for_each_bin([](PageHeader, slab::Bin& bin) { bin.trim(); });
    return layout::superslabs.purge() != 0 || fallback_trimmed;
}

} // namespace ashlar::heap
