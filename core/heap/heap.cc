// SPDX-License-Identifier: MIT
#include "heap/heap.h"

#include "cache/thread_cache.h"
#include "heap/fallback.h"
#include "heap/large.h"
#include "layout/superslab.h"
#include "os/config.h"
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
using layout::PageHeader;
using layout::SizeClass;
using layout::window;

enum class Service : std::uint8_t { kUnknown, kClasses, kFallback };
constinit std::atomic<Service> service{Service::kUnknown};

constinit os::Mutex<os::Rank::kOpening> opening;

constinit bool started = false;           // the start-up hook has run
constinit std::uintptr_t stack_start = 0; // of the main thread; it grows down

// What the blocks of every malloc have in common.
constexpr std::uintptr_t kLeastAddress = 65536; // by default the system maps nothing below
constexpr std::uintptr_t kLeastAlignment = 8;
constexpr std::uintptr_t kStack = std::uintptr_t{1} << 20; // the main thread's, of 8 MiB and more
#ifdef __x86_64__
constexpr std::uintptr_t kGreatestAddress = (std::uintptr_t{1} << 56) - 1; // with five levels of page tables
#else
constexpr std::uintptr_t kGreatestAddress = UINTPTR_MAX; // the highest bits may be a tag
#endif

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

// A block of the window, once it is certain that it is one. Ends the process otherwise.
struct Owned {
    PageHeader header;
    std::size_t size;

    explicit Owned(const void* block) : header(window.header_of(block)) {
        if (header == large::kHeader && layout::is_page_start(block)) {
            size = large::usable_size(block);
            return;
        }
        if (slab::is_mixed(header)) {
            size = slab::usable_size_mixed(block);
            return;
        }
        if (header.size_class() == 0) slab::report(slab::Fault::kNoBlock, block);
        if (slab::block_around(block, header.size_class()) != block) {
            slab::report(slab::Fault::kInterior, block);
        }
        size = layout::class_size(header.size_class());
    }

    bool is_large() const { return header == large::kHeader; }
};

// A block outside of the window. Ends the process if it can be none: the fallback would read what stands
// before it and crash, or believe it.
void* foreign(void* block) {
    if (!may_be_foreign(block)) slab::report(slab::Fault::kNoBlock, block);
    return block;
}

// Null if neither the classes nor the window serve now.
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

void return_cached() {
    cache::flush();
    slab::shard_pool.for_each_bin([](PageHeader, slab::Bin& bin) { bin.trim(); });
}

// What `ask` returns, if need be after everything free has been given back. Ashlar and the fallback count
// against the same limits, so `ask` should try both. The fallback may succeed and set errno.
template <typename Ask>
void* insist(std::size_t size, Ask ask) {
    const int saved = errno;
    void* block = ask();
    if (block == nullptr && serving() && size <= window.size && make_room()) [[unlikely]]
        block = ask();
    if (block != nullptr) errno = saved;
    return block;
}

// For the contents of a smaller block.
void* allocate_growing(std::size_t size) {
    void* const block =
        size > kMaxClassSize && serves_large(size) ? large::allocate_growing(size).start : nullptr;
    return block != nullptr ? block : allocate(size);
}

// The block itself if it shrinks and there is no memory for a smaller one.
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

// The block may stay where it is: it fits, and half of it would not be waste; or it can be made to fit.
bool stays(void* block, const Owned& owned, std::size_t size) {
    const bool half_used = size >= owned.size / 2;
    if (owned.is_large()) return (size > kMaxClassSize || half_used) && large::resize_in_place(block, size);
    return size <= owned.size && (half_used || owned.size == layout::kAlignment);
}

} // namespace

os::Mutex<os::Rank::kOpening>& opening_mutex() {
    return opening;
}

[[gnu::cold]] void start(const char* const* arguments, const char* const* environment) {
    started = true;
    stack_start = reinterpret_cast<std::uintptr_t>(arguments);
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
    if (size > PTRDIFF_MAX) return out_of_memory();
    return insist(size, [size] {
        void* const block = size <= kMaxClassSize ? allocate_class(layout::class_of(size))
                                                  : allocate_large(size, layout::kAlignment).start;
        return block != nullptr ? block : fallback::allocate(size);
    });
}

void release_slow(void* block) {
    if (block == nullptr) return;
    if (!window.contains(block)) {
        fallback::release(foreign(block));
        return;
    }
    const PageHeader header = window.header_of(block);
    if (header.size_class() != 0) {
        cache::release(header, block);
    } else if (slab::is_mixed(header)) {
        slab::give_mixed(block, 0);
    } else if (Owned(block).is_large()) {
        large::release(block);
    }
}

void* allocate_zeroed(std::size_t count, std::size_t size) {
    os::expect_no_lock("calloc");
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX) return out_of_memory();
    if (bytes > kMaxClassSize || !serving()) {
        return insist(bytes, [bytes] {
            const large::Block block = allocate_large(bytes, layout::kAlignment, large::Contents::kZero);
            if (block.start == nullptr) return fallback::allocate_zeroed(1, bytes);
            return block.zero ? block.start : std::memset(block.start, 0, bytes);
        });
    }
    void* const block = allocate(bytes);
    return block != nullptr ? std::memset(block, 0, bytes) : nullptr;
}

void* allocate_aligned(std::size_t alignment, std::size_t size) {
    os::expect_no_lock("aligned_alloc");
    if (alignment <= layout::kAlignment) return allocate(size);
    const SizeClass c = layout::class_of_aligned(size, alignment);
    void* cached = nullptr;
    if (c != 0 && cache::stacks.pop(c, cached)) {
        os::mark_used(cached, layout::class_size(c));
        return cached;
    }
    if (size > PTRDIFF_MAX || alignment > PTRDIFF_MAX - size) return out_of_memory();
    return insist(size + alignment, [=] {
        void* const block = c != 0 ? allocate_class(c) : allocate_large(size, alignment).start;
        return block != nullptr ? block : fallback::allocate_aligned(alignment, size);
    });
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
        const std::size_t usable = fallback::usable_size(foreign(block));
        if (size <= usable && size >= usable / 2) return block; // the fallback's realloc may move it
        if (size > kMaxClassSize || !serving()) {
            return insist(size, [=] { return fallback::resize(block, size); });
        }
        return move(block, usable, size);
    }
    const Owned owned(block);
    if (stays(block, owned, size)) return block;
    if (owned.is_large() && size <= os::settings.large_limit.load(std::memory_order_relaxed)) {
        if (void* const moved = large::resize_by_moving(block, size)) return moved;
    }
    return move(block, owned.size, size);
}

std::size_t usable_size(void* block) {
    if (block == nullptr) return 0;
    if (!window.contains(block)) return fallback::usable_size(foreign(block));
    return Owned(block).size;
}

bool may_be_foreign(const void* address) {
    const auto number = reinterpret_cast<std::uintptr_t>(address);
    return number >= kLeastAddress && number <= kGreatestAddress && number % kLeastAlignment == 0 &&
           stack_start - number >= kStack && fallback::may_be_block(address);
}

bool make_room() {
    const int saved = errno;
    const bool trimmed = fallback::trim(0);
    const std::size_t before = layout::superslabs.pages_in_use();
    return_cached();
    const bool withdrawn = layout::superslabs.withdraw_all() != 0;
    errno = saved;
    return withdrawn || trimmed || layout::superslabs.pages_in_use() < before;
}

bool trim(std::size_t keep) {
    os::expect_no_lock("malloc_trim");
    const bool fallback_trimmed = fallback::trim(keep);
    if (!serving()) return fallback_trimmed;
    return_cached();
    std::size_t purged = 0;
    slab::shard_pool.for_each_bin([&purged](PageHeader, slab::Bin& bin) { purged += bin.purge_hollow(); });
    return layout::superslabs.purge_all() + purged != 0 || fallback_trimmed;
}

} // namespace ashlar::heap
