// SPDX-License-Identifier: MIT
//
// The next malloc in link order, found by dlsym(RTLD_NEXT). It is looked up when the heap starts, not at
// first use. dlsym takes the dynamic loader's lock, and a thread that waits for this one may hold it.
//
// The C library's malloc sets itself up in its first call, and expects that call before there are threads.
// Behind Ashlar the call may be late and come from two threads. So Ashlar makes the first call, once.
//
// dlsym itself may allocate. If there is no window, that request reaches the fallback. A few static bytes
// serve it and are never reused.
#include "heap/fallback.h"
#include "layout/size_class.h"
#include "os/loaded_object.h"
#include "os/mutex.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>

namespace ashlar::heap::fallback {

namespace {

struct Bootstrap {
    alignas(layout::kAlignment) char bytes[4096];
    std::size_t used;

    // Returns a block with its length in front, or null.
    void* take(std::size_t size) {
        if (size > sizeof(bytes)) return nullptr;
        const std::size_t rounded = (size + layout::kAlignment - 1) / layout::kAlignment * layout::kAlignment;
        if (layout::kAlignment + rounded > sizeof(bytes) - used) return nullptr;
        char* const taken = bytes + used + layout::kAlignment;
        std::memcpy(taken - layout::kAlignment, &rounded, sizeof(rounded));
        used += layout::kAlignment + rounded;
        return taken;
    }
    static std::size_t size_of(const void* taken) {
        std::size_t size = 0;
        std::memcpy(&size, static_cast<const char*>(taken) - layout::kAlignment, sizeof(size));
        return size;
    }
    bool contains(const void* p) const { return p >= bytes && p < bytes + used; }
};

constinit Bootstrap bootstrap{};
constinit thread_local bool looking_up = false;

// Returns the next function of that name behind this library. A library in front of Ashlar may wrap dlsym.
// Then the C library searches behind that library, and finds Ashlar. So the libraries behind Ashlar are
// searched one by one.
void* find_next(const char* name) {
    if (void* const found = os::find_elsewhere(RTLD_NEXT, name)) return found;
    for (link_map* behind = os::own_object(); behind != nullptr; behind = behind->l_next) {
        void* const found = os::find_in_object(behind, name); // in `behind` or its dependencies
        if (found != nullptr && os::object_around(found) == behind) return found;
    }
    return nullptr;
}

// A function of the next allocator: its name, and its address after the lookup.
template <typename Function>
class Next {
  public:
    constexpr explicit Next(const char* name) : name_(name) {}

    // Returns null while this thread is inside dlsym, or if there is no such function.
    Function* find() {
        os::expect_no_lock(name_);
        if (Function* const known = function_.load(std::memory_order_relaxed)) return known;
        if (looking_up) return nullptr;
        looking_up = true;
        auto* const found = reinterpret_cast<Function*>(find_next(name_));
        looking_up = false;
        function_.store(found, std::memory_order_relaxed);
        return found;
    }

  private:
    const char* const name_;
    std::atomic<Function*> function_{nullptr};
};

constinit Next<void*(std::size_t)> next_malloc{"malloc"};
constinit Next<void*(std::size_t, std::size_t)> next_calloc{"calloc"};
constinit Next<void*(std::size_t, std::size_t)> next_memalign{"memalign"};
constinit Next<void*(void*, std::size_t)> next_realloc{"realloc"};
constinit Next<void(void*)> next_free{"free"};
constinit Next<std::size_t(void*)> next_usable_size{"malloc_usable_size"};
constinit Next<int(std::size_t)> next_trim{"malloc_trim"};
constinit Next<struct mallinfo2()> next_mallinfo{"mallinfo2"};

constinit pthread_once_t once = PTHREAD_ONCE_INIT;

// Makes the first call of the C library's malloc. It reads random bytes, which is a cancellation point.
void set_up() {
    const int saved = errno;
    int cancel_state = 0;
    ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    if (auto* const mallinfo = next_mallinfo.find()) mallinfo(); // the only call that takes nothing
    ::pthread_setcancelstate(cancel_state, nullptr);
    errno = saved;
}

// Returns a function that is ready to be called, or null.
template <typename Function>
Function* ready(Next<Function>& next) {
    auto* const function = next.find();
    if (function != nullptr) ::pthread_once(&once, set_up);
    return function;
}

// Returns whether the malloc behind has, or had, blocks in use. The answer is cached, because asking takes
// longer with more blocks.
bool has_blocks() {
    static constinit std::atomic<bool> seen{false};
    if (!seen.load(std::memory_order_relaxed) && allocated_bytes() != 0) {
        seen.store(true, std::memory_order_relaxed);
    }
    return seen.load(std::memory_order_relaxed);
}

void* out_of_memory() {
    errno = ENOMEM;
    return nullptr;
}

} // namespace

bool behind_malloc() {
    return true;
}

void prepare() {
    next_malloc.find();
    next_calloc.find();
    next_memalign.find();
    next_realloc.find();
    next_free.find();
    next_usable_size.find();
    next_trim.find();
    next_mallinfo.find();
}

void* allocate(std::size_t size) {
    auto* const next = ready(next_malloc);
    if (next != nullptr) return next(size);
    void* const taken = bootstrap.take(size);
    return taken != nullptr ? taken : out_of_memory();
}

void* allocate_zeroed(std::size_t count, std::size_t size) {
    auto* const next = ready(next_calloc);
    if (next != nullptr) return next(count, size);
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) return out_of_memory();
    void* const taken = bootstrap.take(bytes); // static and never reused, so zero
    return taken != nullptr ? taken : out_of_memory();
}

void* allocate_aligned(std::size_t alignment, std::size_t size) {
    auto* const next = ready(next_memalign);
    return next != nullptr ? next(alignment, size) : out_of_memory();
}

void* resize(void* block, std::size_t size) {
    if (bootstrap.contains(block)) {
        void* const moved = allocate(size);
        if (moved != nullptr) std::memcpy(moved, block, std::min(size, usable_size(block)));
        return moved;
    }
    auto* const next = ready(next_realloc);
    return next != nullptr ? next(block, size) : out_of_memory();
}

void release(void* block) {
    if (bootstrap.contains(block)) return;
    if (auto* const next = ready(next_free)) next(block);
}

std::size_t usable_size(void* block) {
    if (bootstrap.contains(block)) return Bootstrap::size_of(block);
    auto* const next = ready(next_usable_size);
    return next != nullptr ? next(block) : 0;
}

bool is_c_library() {
    const void* const free_behind = reinterpret_cast<const void*>(next_free.find());
    return os::object_around(free_behind) == os::object_around(reinterpret_cast<const void*>(&std::abort));
}

std::string_view objection_to(const void* address) {
    if (bootstrap.contains(address) || !is_c_library()) return {};
    if (os::object_around(address) != nullptr) return "in a program or library, not in a heap";
    return has_blocks() ? "" : "outside of the heap, and the C library's malloc gave out no block either";
}

bool trim(std::size_t keep) {
    auto* const next = ready(next_trim);
    return next != nullptr && next(keep) != 0;
}

std::size_t allocated_bytes() {
    auto* const next = ready(next_mallinfo);
    if (next == nullptr) return 0;
    const struct mallinfo2 info = next();
    return info.uordblks + info.hblkhd;
}

} // namespace ashlar::heap::fallback
