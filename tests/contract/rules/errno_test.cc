// SPDX-License-Identifier: MIT
// errno belongs to the program. Releasing never changes it; allocating changes it only on failure.
#include "entry_points.h"
#include "opaque.h"
#include "subject.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <thread>
#include <vector>

using contract::entry_points;
using contract::opaque;

namespace {

constexpr int kWitness = E2BIG; // an error that no allocator produces
constexpr std::size_t kSizes[] = {0,      1,      16,      100,     1000,      4096,      10'000,    32'768,
                                  32'769, 65'536, 131'072, 500'000, 1'048'576, 4'194'304, 33'554'432};

// Returns the number of calls that changed errno. Assertions allocate and belong to the main thread, so it
// counts.
int calls_that_touched_errno() {
    int touched = 0;
    for (const contract::EntryPoint& entry : entry_points()) {
        for (const std::size_t size : kSizes) {
            errno = kWitness;
            void* const block = entry.allocate(size);
            touched += errno != kWitness || block == nullptr;
            errno = kWitness;
            entry.release(block);
            touched += errno != kWitness;
        }
    }
    return touched;
}

} // namespace

TEST_CASE("calls that succeed leave errno alone") {
    CHECK(calls_that_touched_errno() == 0);
}

TEST_CASE("calls that succeed leave errno alone in a thread's first calls too") {
    int touched = -1;
    std::thread([&touched] {
        errno = kWitness;
        void* const block = malloc(opaque<std::size_t>(100));
        const bool kept = errno == kWitness;
        errno = kWitness;
        free(opaque(block));
        touched = (kept && errno == kWitness ? 0 : 1) + calls_that_touched_errno();
    }).join();
    CHECK(touched == 0);
}

TEST_CASE("free leaves errno alone for many blocks of each size") {
    for (const std::size_t size : kSizes) {
        const std::size_t count = size > 100'000 ? 4 : 2000;
        std::vector<void*> blocks;
        for (std::size_t i = 0; i < count; ++i)
            blocks.push_back(malloc(opaque(size)));
        int touched = 0;
        for (void* const block : blocks) {
            errno = kWitness;
            free(block);
            touched += errno != kWitness;
        }
        INFO("size " << size);
        CHECK(touched == 0);
    }
    errno = kWitness;
    free(opaque<void*>(nullptr));
    CHECK(errno == kWitness);
}

TEST_CASE("free leaves errno alone for blocks of another thread") {
    std::vector<void*> blocks;
    for (const std::size_t size : kSizes)
        for (int i = 0; i < 100 && size * 100 < (std::size_t{1} << 27); ++i)
            blocks.push_back(malloc(opaque(size)));
    int touched = -1;
    std::thread([&] {
        touched = 0;
        for (void* const block : blocks) {
            errno = kWitness;
            free(block);
            touched += errno != kWitness;
        }
    }).join();
    CHECK(touched == 0);
}

TEST_CASE("realloc and malloc_usable_size leave errno alone") {
    for (const std::size_t from : kSizes) {
        for (const std::size_t to : kSizes) {
            INFO("from " << from << " to " << to);
            void* block = malloc(opaque(from));
            REQUIRE(block != nullptr);
            errno = kWitness;
            block = realloc(block, opaque(to));
            REQUIRE(errno == kWitness);
            static_cast<void>(malloc_usable_size(block));
            REQUIRE(errno == kWitness);
            free(block);
        }
    }
}

TEST_CASE("the sized forms of free leave errno alone", "[ashlar-only]") {
    auto* const free_sized = contract::symbol<void(void*, std::size_t)>("free_sized");
    auto* const free_aligned_sized =
        contract::symbol<void(void*, std::size_t, std::size_t)>("free_aligned_sized");
    REQUIRE(free_sized != nullptr);
    REQUIRE(free_aligned_sized != nullptr);
    for (const std::size_t size : kSizes) {
        INFO("size " << size);
        void* const plain = malloc(opaque(size));
        void* const aligned = aligned_alloc(64, opaque(size));
        errno = kWitness;
        free_sized(plain, size);
        CHECK(errno == kWitness);
        free_aligned_sized(aligned, 64, size);
        CHECK(errno == kWitness);
    }
}

TEST_CASE("the sized and aligned deletes leave errno alone") {
    constexpr std::align_val_t kWide{64};
    for (const std::size_t size : kSizes) {
        INFO("size " << size);
        void* const plain = ::operator new(opaque(size));
        void* const array = ::operator new[](opaque(size));
        void* const aligned = ::operator new(opaque(size), kWide);
        void* const aligned_array = ::operator new[](opaque(size), kWide);
        errno = kWitness;
        ::operator delete(plain, size);
        ::operator delete[](array, size);
        ::operator delete(aligned, size, kWide);
        ::operator delete[](aligned_array, size, kWide);
        CHECK(errno == kWitness);
    }
}
