// SPDX-License-Identifier: MIT
#include "entry_points.h"

#include "opaque.h"

#include <array>
#include <cstdlib>
#include <malloc.h>
#include <new>
#include <unistd.h>

namespace contract {
namespace {

constexpr std::size_t kPlain = 16;
constexpr std::size_t kWide = 64;
constexpr std::align_val_t kWideNew{kWide};

template <class Throwing>
void* null_if_thrown(Throwing allocate) {
    try {
        return allocate();
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void* by_posix_memalign(std::size_t size) {
    void* block = nullptr;
    return posix_memalign(&block, kWide, size) == 0 ? block : nullptr;
}

const std::size_t kPage = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));

const std::array kEntryPoints{
    EntryPoint{"malloc", [](std::size_t n) { return malloc(opaque(n)); }, free, kPlain},
    EntryPoint{"calloc(1, n)", [](std::size_t n) { return calloc(1, opaque(n)); }, free, kPlain},
    EntryPoint{"calloc(n, 1)", [](std::size_t n) { return calloc(opaque(n), 1); }, free, kPlain},
    EntryPoint{"realloc(null, n)", [](std::size_t n) { return realloc(nullptr, opaque(n)); }, free, kPlain},
    EntryPoint{"reallocarray(null, 1, n)", [](std::size_t n) { return reallocarray(nullptr, 1, opaque(n)); },
               free, kPlain},
    EntryPoint{"reallocarray(null, n, 1)", [](std::size_t n) { return reallocarray(nullptr, opaque(n), 1); },
               free, kPlain},
    EntryPoint{"aligned_alloc(64, n)", [](std::size_t n) { return aligned_alloc(kWide, opaque(n)); }, free,
               kWide},
    EntryPoint{"memalign(64, n)", [](std::size_t n) { return memalign(kWide, opaque(n)); }, free, kWide},
    EntryPoint{"posix_memalign(64, n)", [](std::size_t n) { return by_posix_memalign(opaque(n)); }, free,
               kWide},
    EntryPoint{"valloc", [](std::size_t n) { return valloc(opaque(n)); }, free, kPage},
    EntryPoint{"pvalloc", [](std::size_t n) { return pvalloc(opaque(n)); }, free, kPage},
    EntryPoint{"new", [](std::size_t n) { return null_if_thrown([n] { return ::operator new(opaque(n)); }); },
               [](void* block) { ::operator delete(block); }, kPlain},
    EntryPoint{"new[]",
               [](std::size_t n) { return null_if_thrown([n] { return ::operator new[](opaque(n)); }); },
               [](void* block) { ::operator delete[](block); }, kPlain},
    EntryPoint{"new(nothrow)", [](std::size_t n) { return ::operator new(opaque(n), std::nothrow); },
               [](void* block) { ::operator delete(block, std::nothrow); }, kPlain},
    EntryPoint{"new[](nothrow)", [](std::size_t n) { return ::operator new[](opaque(n), std::nothrow); },
               [](void* block) { ::operator delete[](block, std::nothrow); }, kPlain},
    EntryPoint{
        "new(align)",
        [](std::size_t n) { return null_if_thrown([n] { return ::operator new(opaque(n), kWideNew); }); },
        [](void* block) { ::operator delete(block, kWideNew); }, kWide},
    EntryPoint{
        "new[](align)",
        [](std::size_t n) { return null_if_thrown([n] { return ::operator new[](opaque(n), kWideNew); }); },
        [](void* block) { ::operator delete[](block, kWideNew); }, kWide},
    EntryPoint{"new(align, nothrow)",
               [](std::size_t n) { return ::operator new(opaque(n), kWideNew, std::nothrow); },
               [](void* block) { ::operator delete(block, kWideNew, std::nothrow); }, kWide},
    EntryPoint{"new[](align, nothrow)",
               [](std::size_t n) { return ::operator new[](opaque(n), kWideNew, std::nothrow); },
               [](void* block) { ::operator delete[](block, kWideNew, std::nothrow); }, kWide},
};

} // namespace

std::span<const EntryPoint> entry_points() {
    return kEntryPoints;
}

} // namespace contract
