// SPDX-License-Identifier: MIT
#include "entry/program_malloc.h"

#include "entry/family.h"
#include "layout/window.h"
#include "os/loaded_object.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

// This library's malloc (malloc.cc), whichever malloc has that name in the process.
extern "C" [[gnu::visibility("hidden")]] void* ashlar_own_malloc(std::size_t size);

namespace ashlar::entry {

constinit ProgramMalloc program_malloc{};

namespace {

// True inside a function of the program's malloc. Its requests by a name of this library are for its own use.
constinit thread_local bool inside = false;

template <typename Ask>
auto ask_program(Ask ask) {
    inside = true;
    const auto answer = ask();
    inside = false;
    return answer;
}

void* checked(void* block) {
    return block != nullptr ? block : fail(ENOMEM);
}

bool in_heap(const void* block) {
    return layout::window.contains(block);
}

// Returns whether `address` is a function's definition. In a program at fixed addresses, a function's address
// may be that of a stub with the same name.
bool is_defined(const void* address) {
    Dl_info found{};
    ElfW(Sym)* symbol = nullptr;
    return ::dladdr1(address, &found, reinterpret_cast<void**>(&symbol), RTLD_DL_SYMENT) != 0 &&
           symbol != nullptr && symbol->st_shndx != SHN_UNDEF;
}

template <typename Function>
void find(Function*& function, const link_map* object, const char* name) {
    void* const found = os::find_elsewhere(RTLD_DEFAULT, name);
    const bool its = found != nullptr && os::object_around(found) == object && is_defined(found);
    function = its ? reinterpret_cast<Function*>(found) : nullptr;
}

// Returns whether the process's global names include this library. RTLD_DEFAULT would search the scope of
// this library instead.
bool visible_to_all() {
    void* const process = ::dlopen(nullptr, RTLD_LAZY);
    if (process == nullptr) return false;
    const bool visible = ::dlsym(process, "ashlar_version") != nullptr;
    ::dlclose(process);
    return visible;
}

[[gnu::cold]] void look_at(void* (*answers)(std::size_t)) {
    const auto* const address = reinterpret_cast<const void*>(answers);
    const link_map* const object = os::object_around(address);
    if (object == nullptr || object == os::own_object() || !is_defined(address)) return;
    // After dlopen, callers that look up this library's names mean this heap.
    if (object == os::object_around(reinterpret_cast<const void*>(&std::abort)) || !visible_to_all()) return;
    ProgramMalloc found{};
    found.malloc = answers;
    find(found.calloc, object, "calloc");
    find(found.realloc, object, "realloc");
    find(found.free, object, "free");
    find(found.memalign, object, "memalign");
    find(found.aligned_alloc, object, "aligned_alloc");
    find(found.posix_memalign, object, "posix_memalign");
    find(found.malloc_usable_size, object, "malloc_usable_size");
    found.present = true;
    program_malloc = found;
}

// Runs after the start-up hook, because dlsym must not be called before.
[[gnu::constructor(102)]] void look_for_program_malloc() {
    if (&std::malloc != &ashlar_own_malloc) look_at(&std::malloc);
}

} // namespace

void* ProgramMalloc::allocate(std::size_t size) const {
    if (inside) return guard::allocate(size);
    return checked(ask_program([&] { return malloc(size); }));
}

void* ProgramMalloc::allocate_zeroed(std::size_t count, std::size_t size) const {
    if (inside) return guard::allocate_zeroed(count, size);
    if (calloc != nullptr) return checked(ask_program([&] { return calloc(count, size); }));
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) return fail(ENOMEM);
    void* const block = allocate(bytes);
    return block != nullptr ? std::memset(block, 0, bytes) : nullptr;
}

void* ProgramMalloc::allocate_aligned(std::size_t alignment, std::size_t size) const {
    if (inside) return guard::allocate_aligned(alignment, size);
    if (memalign != nullptr) return checked(ask_program([&] { return memalign(alignment, size); }));
    if (posix_memalign != nullptr) {
        void* block = nullptr;
        const std::size_t least = std::max(alignment, sizeof(void*));
        const int error = ask_program([&] { return posix_memalign(&block, least, size); });
        return error == 0 ? checked(block) : fail(ENOMEM);
    }
    // Some implementations require a multiple of the alignment.
    if (aligned_alloc != nullptr) {
        const std::size_t rounded = (size + alignment - 1) & ~(alignment - 1);
        if (rounded < size) return fail(ENOMEM);
        return checked(ask_program([&] { return aligned_alloc(alignment, rounded); }));
    }
    return alignment <= layout::kAlignment ? allocate(size) : fail(ENOMEM);
}

void* ProgramMalloc::resize(void* block, std::size_t size) const {
    if (inside) return guard::resize(block, size);
    if (realloc != nullptr) {
        void* const resized = ask_program([&] { return realloc(block, size); });
        return resized != nullptr || size == 0 ? resized : fail(ENOMEM);
    }
    if (block == nullptr) return allocate(size);
    if (size == 0) {
        release(block);
        return nullptr;
    }
    const std::size_t usable = usable_size(block);
    if (size <= usable && usable != 0) return block;
    void* const moved = usable != 0 ? allocate(size) : fail(ENOMEM);
    if (moved == nullptr) return nullptr;
    std::memcpy(moved, block, usable);
    release(block);
    return moved;
}

void ProgramMalloc::release(void* block) const {
    if (block == nullptr) return;
    if (inside || free == nullptr) {
        if (in_heap(block) || inside) guard::release(block);
        return;
    }
    const int saved = errno;
    ask_program([&] {
        free(block);
        return true;
    });
    errno = saved;
}

std::size_t ProgramMalloc::usable_size(void* block) const {
    if (inside || (malloc_usable_size == nullptr && in_heap(block))) return guard::usable_size(block);
    if (block == nullptr || malloc_usable_size == nullptr) return 0;
    return ask_program([&] { return malloc_usable_size(block); });
}

} // namespace ashlar::entry
