// SPDX-License-Identifier: MIT
// Alignment: of every block, on request, and the refused values.
#include "entry_points.h"
#include "opaque.h"
#include "subject.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <random>
#include <unistd.h>
#include <vector>

using contract::opaque;

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kGiB = std::size_t{1} << 30;
constexpr std::size_t kHighest = SIZE_MAX / 2 + 1; // the largest power of two

bool is_aligned(const void* block, std::size_t alignment) {
    return reinterpret_cast<std::uintptr_t>(block) % alignment == 0;
}

void* by_posix_memalign(std::size_t alignment, std::size_t size) {
    void* block = nullptr;
    const int error = posix_memalign(&block, alignment, size);
    if (error != 0) {
        errno = error;
        return nullptr;
    }
    return block;
}

struct Aligned {
    const char* name;
    void* (*allocate)(std::size_t alignment, std::size_t size);
    std::size_t smallest;
};
constexpr Aligned kAligned[] = {
    {"aligned_alloc", [](std::size_t a, std::size_t n) { return aligned_alloc(opaque(a), opaque(n)); }, 1},
    {"memalign", [](std::size_t a, std::size_t n) { return memalign(opaque(a), opaque(n)); }, 1},
    {"posix_memalign", [](std::size_t a, std::size_t n) { return by_posix_memalign(opaque(a), opaque(n)); },
     sizeof(void*)},
    {"new(align, nothrow)",
     [](std::size_t a, std::size_t n) {
         return ::operator new (opaque(n), std::align_val_t{opaque(a)}, std::nothrow);
     },
     1},
};

// Checks that the block is aligned and writable at both ends.
void check_block(void* block, std::size_t alignment, std::size_t size) {
    REQUIRE(is_aligned(block, alignment));
    REQUIRE(is_aligned(block, 16));
    REQUIRE(malloc_usable_size(block) >= size);
    if (size == 0) return;
    static_cast<volatile char*>(block)[0] = 1;
    static_cast<volatile char*>(block)[size - 1] = 2;
}

} // namespace

TEST_CASE("every block is aligned to what its entry point promises") {
    for (const contract::EntryPoint& entry : contract::entry_points()) {
        INFO(entry.name);
        std::vector<void*> blocks;
        for (std::size_t size = 0; size < 4096; ++size)
            blocks.push_back(entry.allocate(size));
        for (std::size_t size = 4096; size <= 4 * kMiB; size *= 2)
            blocks.push_back(entry.allocate(size + 1));
        for (void* const block : blocks) {
            REQUIRE(block != nullptr);
            REQUIRE(is_aligned(block, entry.alignment));
            entry.release(block);
        }
    }
}

TEST_CASE("realloc keeps blocks aligned to 16") {
    void* block = nullptr;
    for (std::size_t size = 1; size < 200'000; size += 1 + size / 50) {
        block = realloc(block, opaque(size));
        REQUIRE(block != nullptr);
        REQUIRE(is_aligned(block, 16));
    }
    free(block);
}

TEST_CASE("alignments up to a MiB are served with every kind of size") {
    for (const Aligned& entry : kAligned) {
        for (std::size_t alignment = entry.smallest; alignment <= kMiB; alignment *= 2) {
            std::vector<void*> blocks;
            for (const std::size_t size :
                 {std::size_t{0}, std::size_t{1}, alignment - 1, alignment, alignment + 1, 3 * alignment,
                  std::size_t{100}, std::size_t{5000}}) {
                INFO(entry.name << " alignment " << alignment << " size " << size);
                void* const block = entry.allocate(alignment, size);
                REQUIRE(block != nullptr);
                check_block(block, alignment, size);
                blocks.push_back(block);
            }
            for (void* const block : blocks)
                free(block);
        }
    }
}

TEST_CASE("huge alignments are honoured or refused with ENOMEM, never wrapped") {
    for (const Aligned& entry : kAligned) {
        for (std::size_t alignment = kMiB; alignment != 0; alignment *= 2) {
            for (const std::size_t size : {std::size_t{1}, std::size_t{4096}, kMiB + 1}) {
                INFO(entry.name << " alignment " << alignment << " size " << size);
                errno = 0;
                void* const block = entry.allocate(alignment, size);
                if (block == nullptr) {
                    REQUIRE(errno == ENOMEM);
                    REQUIRE(alignment > kMiB);
                } else {
                    check_block(block, alignment, size);
                    free(block);
                }
            }
        }
    }
}

TEST_CASE("a gigabyte of alignment is served while there is address space") {
    for (const Aligned& entry : kAligned) {
        INFO(entry.name);
        void* const block = entry.allocate(kGiB, 100);
        REQUIRE(block != nullptr);
        check_block(block, kGiB, 100);
        free(block);
    }
}

TEST_CASE("alignment and size together never overflow") {
    for (const Aligned& entry : kAligned) {
        // libstdc++ 12 rounds up to the alignment before it checks, and wraps.
        if (!contract::under_ashlar() && std::strncmp(entry.name, "new", 3) == 0) continue;
        for (std::size_t alignment = 16; alignment != 0; alignment *= 2) {
            for (const std::size_t size :
                 {static_cast<std::size_t>(PTRDIFF_MAX) + 1, SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 15,
                  SIZE_MAX - alignment, SIZE_MAX - alignment + 1, SIZE_MAX - alignment + 2,
                  SIZE_MAX - 2 * alignment, SIZE_MAX - 4096, SIZE_MAX / 2 + 1}) {
                if (size <= PTRDIFF_MAX) continue; // SIZE_MAX less a huge alignment
                INFO(entry.name << " alignment " << alignment << " size " << size);
                errno = 0;
                REQUIRE(entry.allocate(alignment, size) == nullptr);
                REQUIRE(errno == ENOMEM);
            }
        }
    }
}

TEST_CASE("aligned_alloc refuses what is no power of two", "[ashlar-only]") { // glibc 2.36 rounds up
    for (const std::size_t alignment : {std::size_t{0}, std::size_t{3}, std::size_t{24}, std::size_t{48},
                                        std::size_t{100}, kHighest - 1, kHighest + 1, SIZE_MAX}) {
        INFO("alignment " << alignment);
        errno = 0;
        CHECK(aligned_alloc(opaque(alignment), opaque<std::size_t>(100)) == nullptr);
        CHECK(errno == EINVAL);
    }
}

TEST_CASE("aligned_alloc does not need a multiple of the alignment") {
    for (const std::size_t size : {1u, 63u, 65u, 100u, 1000u, 100'001u}) {
        void* const block = aligned_alloc(64, opaque(size));
        REQUIRE(block != nullptr);
        check_block(block, 64, size);
        free(block);
    }
}

TEST_CASE("memalign rounds up to a power of two") {
    constexpr std::size_t kRounded[][2] = {{0, 16},  {3, 16},    {17, 32},     {24, 32},
                                           {48, 64}, {100, 128}, {1000, 1024}, {4097, 8192},
                                           {33, 64}, {129, 256}, {5000, 8192}, {65'537, 131'072}};
    for (const auto& [alignment, rounded] : kRounded) {
        std::vector<void*> blocks;
        for (int i = 0; i < 50; ++i) { // a single block could be aligned by chance
            void* const block = memalign(opaque(alignment), opaque<std::size_t>(40));
            INFO("alignment " << alignment);
            REQUIRE(block != nullptr);
            REQUIRE(is_aligned(block, rounded));
            blocks.push_back(block);
        }
        for (void* const block : blocks)
            free(block);
    }
}

TEST_CASE("memalign refuses what cannot be rounded up") {
    for (const std::size_t alignment : {kHighest + 1, SIZE_MAX - 1, SIZE_MAX}) {
        INFO("alignment " << alignment);
        errno = 0;
        CHECK(memalign(opaque(alignment), opaque<std::size_t>(1)) == nullptr);
        CHECK(errno == EINVAL);
    }
}

TEST_CASE("posix_memalign refuses wrong alignments and leaves the pointer alone") {
    int witness = 0;
    for (const std::size_t alignment :
         {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{4}, std::size_t{7}, std::size_t{12},
          std::size_t{24}, std::size_t{40}, kHighest - 8, kHighest + 8, SIZE_MAX}) {
        void* block = &witness;
        INFO("alignment " << alignment);
        CHECK(posix_memalign(&block, opaque(alignment), opaque<std::size_t>(100)) == EINVAL);
        CHECK(block == &witness);
    }
}

TEST_CASE("posix_memalign without memory says so twice and leaves the pointer alone") {
    int witness = 0;
    for (const std::size_t size : {static_cast<std::size_t>(PTRDIFF_MAX) + 1, SIZE_MAX - 64, SIZE_MAX}) {
        void* block = &witness;
        errno = 0;
        CHECK(posix_memalign(&block, 64, opaque(size)) == ENOMEM);
        CHECK(errno == ENOMEM);
        CHECK(block == &witness);
    }
}

TEST_CASE("valloc and pvalloc give whole pages") {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    for (const std::size_t size : {std::size_t{1}, page - 1, page, page + 1, 10 * page, 100 * page + 7}) {
        void* const by_valloc = valloc(opaque(size));
        void* const by_pvalloc = pvalloc(opaque(size));
        REQUIRE(by_valloc != nullptr);
        REQUIRE(by_pvalloc != nullptr);
        check_block(by_valloc, page, size);
        const std::size_t rounded = (size + page - 1) / page * page;
        check_block(by_pvalloc, page, rounded);
        std::memset(by_pvalloc, 0x5A, rounded);
        free(by_valloc);
        free(by_pvalloc);
    }
}

TEST_CASE("aligned blocks can be resized") {
    for (const Aligned& entry : kAligned) {
        for (std::size_t alignment = entry.smallest; alignment <= kMiB; alignment *= 4) {
            INFO(entry.name << " alignment " << alignment);
            constexpr std::size_t kSize = 3000;
            auto* block = static_cast<unsigned char*>(entry.allocate(alignment, kSize));
            REQUIRE(block != nullptr);
            for (std::size_t i = 0; i < kSize; ++i)
                block[i] = static_cast<unsigned char>(i * 7);
            for (const std::size_t size : {kSize + 1, 4 * kSize, 100 * kSize, kSize}) {
                block = static_cast<unsigned char*>(realloc(block, opaque(size)));
                REQUIRE(block != nullptr);
                std::size_t damaged = 0;
                for (std::size_t i = 0; i < kSize; ++i)
                    damaged += block[i] != static_cast<unsigned char>(i * 7);
                REQUIRE(damaged == 0);
            }
            free(block);
        }
    }
}

TEST_CASE("a random mix of alignments keeps every block's contents") {
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    struct Live {
        unsigned char* block = nullptr;
        std::size_t size = 0;
        unsigned char fill = 0;
    };
    std::vector<Live> live(256);
    constexpr int kOperations = 40'000;
    for (int i = 0; i < kOperations; ++i) {
        Live& slot = live[random() % live.size()];
        if (slot.block != nullptr) {
            bool intact = true;
            for (std::size_t at = 0; at < slot.size; ++at)
                intact = intact && slot.block[at] == slot.fill;
            REQUIRE(intact);
            free(slot.block);
            slot.block = nullptr;
            continue;
        }
        const std::size_t alignment = std::size_t{8} << (random() % 13);
        slot.size = random() % (std::size_t{16} << (random() % 11));
        slot.fill = static_cast<unsigned char>(random());
        slot.block = static_cast<unsigned char*>(
            kAligned[random() % std::size(kAligned)].allocate(alignment, slot.size));
        REQUIRE(slot.block != nullptr);
        REQUIRE(is_aligned(slot.block, alignment));
        std::memset(slot.block, slot.fill, slot.size);
    }
    for (const Live& slot : live)
        free(slot.block);
}
