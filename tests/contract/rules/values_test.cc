// SPDX-License-Identifier: MIT
// Blocks are distinct, as large as requested, and zero on request.
#include "entry_points.h"
#include "opaque.h"
#include "subject.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <random>
#include <set>
#include <thread>
#include <vector>

using contract::entry_points;
using contract::opaque;

namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

// Returns every small size, and sizes around larger powers of two, where size classes and ways of serving
// change.
std::vector<std::size_t> sizes() {
    std::vector<std::size_t> result;
    for (std::size_t size = 0; size <= 2 * kKiB; ++size)
        result.push_back(size);
    for (std::size_t power = 2 * kKiB; power <= 8 * kMiB; power *= 2)
        for (const std::size_t size : {power - 1, power, power + 1, power + power / 2})
            result.push_back(size);
    return result;
}

bool all_bytes_are(const void* block, std::size_t size, unsigned char value) {
    const auto* const bytes = static_cast<const unsigned char*>(block);
    return size == 0 || (bytes[0] == value && std::memcmp(bytes, bytes + 1, size - 1) == 0);
}

} // namespace

TEST_CASE("a size of zero gives a unique pointer that can be freed") {
    constexpr int kBlocks = 100;
    std::set<void*> seen;
    std::vector<std::pair<void (*)(void*), void*>> blocks;
    for (const contract::EntryPoint& entry : entry_points()) {
        INFO(entry.name);
        for (int i = 0; i < kBlocks; ++i) {
            void* const block = entry.allocate(0);
            REQUIRE(block != nullptr);
            REQUIRE(seen.insert(block).second);
            blocks.emplace_back(entry.release, block);
        }
    }
    void* const by_zero_size = calloc(opaque<std::size_t>(8), opaque<std::size_t>(0));
    void* const by_zero_product = reallocarray(nullptr, opaque<std::size_t>(8), opaque<std::size_t>(0));
    REQUIRE(by_zero_size != nullptr);
    REQUIRE(by_zero_product != nullptr);
    REQUIRE(seen.insert(by_zero_size).second);
    REQUIRE(seen.insert(by_zero_product).second);
    free(by_zero_size);
    free(by_zero_product);
    for (const auto& [release, block] : blocks)
        release(block);
}

TEST_CASE("blocks keep what is written and do not overlap") {
    for (const contract::EntryPoint& entry : entry_points()) {
        INFO(entry.name);
        std::vector<std::pair<unsigned char*, std::size_t>> blocks;
        for (const std::size_t size : sizes()) {
            auto* const block = static_cast<unsigned char*>(entry.allocate(size));
            REQUIRE(block != nullptr);
            std::memset(block, static_cast<int>(blocks.size() % 251), size);
            blocks.emplace_back(block, size);
        }
        std::size_t damaged = 0;
        for (std::size_t i = 0; i < blocks.size(); ++i)
            if (!all_bytes_are(blocks[i].first, blocks[i].second, static_cast<unsigned char>(i % 251)))
                ++damaged;
        CHECK(damaged == 0);
        for (const auto& [block, size] : blocks)
            entry.release(block);
    }
}

TEST_CASE("calloc gives zero, in recycled memory too") {
    constexpr int kBlocksOfASize = 20;
    for (const std::size_t size : sizes()) {
        const int count = size > 64 * kKiB ? 2 : kBlocksOfASize;
        std::vector<void*> blocks;
        for (int i = 0; i < count; ++i) {
            void* const block = malloc(opaque(size));
            REQUIRE(block != nullptr);
            std::memset(block, 0xA5, malloc_usable_size(block));
            blocks.push_back(opaque(block));
        }
        for (void* const block : blocks)
            free(block);
        for (void*& block : blocks) {
            block = calloc(opaque<std::size_t>(1), opaque(size));
            REQUIRE(block != nullptr);
            INFO("size " << size);
            REQUIRE(all_bytes_are(block, size, 0));
        }
        for (void* const block : blocks)
            free(block);
    }
}

TEST_CASE("calloc multiplies") {
    for (const std::size_t count : {1u, 3u, 7u, 100u, 1000u})
        for (const std::size_t size : {1u, 5u, 16u, 100u, 1000u}) {
            void* const block = calloc(opaque(count), opaque(size));
            REQUIRE(block != nullptr);
            CHECK(malloc_usable_size(block) >= count * size);
            CHECK(all_bytes_are(block, count * size, 0));
            std::memset(block, 0xFF, count * size);
            free(block);
        }
}

TEST_CASE("null may be released") {
    free(opaque<void*>(nullptr));
    ::operator delete(opaque<void*>(nullptr));
    ::operator delete[](opaque<void*>(nullptr));
    for (const contract::EntryPoint& entry : entry_points())
        entry.release(nullptr);
    // The heap still returns distinct blocks afterwards.
    void* const first = malloc(opaque<std::size_t>(16));
    void* const second = malloc(opaque<std::size_t>(16));
    CHECK(first != second);
    free(first);
    free(second);
}

TEST_CASE("a random mix of sizes and entry points keeps every block's contents") {
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    struct Live {
        unsigned char* block = nullptr;
        std::size_t size = 0;
        unsigned char fill = 0;
        const contract::EntryPoint* entry = nullptr;
    };
    std::vector<Live> live(512);
    constexpr int kOperations = 100'000;
    std::size_t damaged = 0;
    for (int i = 0; i < kOperations; ++i) {
        Live& slot = live[random() % live.size()];
        if (slot.block != nullptr) {
            if (!all_bytes_are(slot.block, slot.size, slot.fill)) ++damaged;
            slot.entry->release(slot.block);
            slot.block = nullptr;
            continue;
        }
        const std::size_t limit = std::size_t{16} << (random() % 13);
        slot.size = random() % limit;
        slot.fill = static_cast<unsigned char>(random());
        slot.entry = &entry_points()[random() % entry_points().size()];
        slot.block = static_cast<unsigned char*>(slot.entry->allocate(slot.size));
        REQUIRE(slot.block != nullptr);
        std::memset(slot.block, slot.fill, slot.size);
    }
    for (const Live& slot : live)
        if (slot.block != nullptr) slot.entry->release(slot.block);
    CHECK(damaged == 0);
}

TEST_CASE("a block outlives the thread that made it and may be freed by another") {
    std::vector<unsigned char*> blocks;
    std::thread([&blocks] {
        for (std::size_t size = 1; size <= 2 * kKiB; ++size) {
            auto* const block = static_cast<unsigned char*>(malloc(opaque(size)));
            if (block != nullptr) std::memset(block, static_cast<int>(size % 251), size);
            blocks.push_back(block);
        }
    }).join();
    // The next thread gets other blocks.
    std::thread([] {
        for (std::size_t size = 1; size <= 2 * kKiB; ++size) {
            void* const block = malloc(opaque(size));
            if (block != nullptr) std::memset(block, 0xFF, size);
            free(opaque(block));
        }
    }).join();
    std::size_t damaged = 0;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        REQUIRE(blocks[i] != nullptr);
        if (!all_bytes_are(blocks[i], i + 1, static_cast<unsigned char>((i + 1) % 251))) ++damaged;
    }
    CHECK(damaged == 0);
    std::thread([&blocks] {
        for (unsigned char* const block : blocks)
            free(block);
    }).join();
}

TEST_CASE("the sized forms of free and cfree release", "[ashlar-only]") {
    auto* const free_sized = contract::symbol<void(void*, std::size_t)>("free_sized");
    auto* const free_aligned_sized =
        contract::symbol<void(void*, std::size_t, std::size_t)>("free_aligned_sized");
    auto* const cfree = contract::symbol<void(void*)>("cfree");
    REQUIRE(free_sized != nullptr);
    REQUIRE(free_aligned_sized != nullptr);
    REQUIRE(cfree != nullptr);
    free_sized(nullptr, 0);
    free_aligned_sized(nullptr, 64, 0);
    cfree(nullptr);
    const std::size_t before = contract::statistics().allocated;
    constexpr int kRounds = 10'000;
    for (int i = 0; i < kRounds; ++i) {
        const std::size_t size = static_cast<std::size_t>(i) % (2 * kKiB);
        void* const plain = malloc(opaque(size));
        void* const aligned = aligned_alloc(64, opaque(size));
        void* const old = malloc(opaque(size));
        REQUIRE(plain != nullptr);
        REQUIRE(aligned != nullptr);
        REQUIRE(old != nullptr);
        free_sized(plain, size);
        free_aligned_sized(aligned, 64, size);
        cfree(old);
    }
    const std::size_t after = contract::statistics().allocated;
    CHECK(after <= before + 64 * kKiB); // of the 40 MiB allocated in total
}

TEST_CASE("the __libc_ names belong to the same heap", "[ashlar-only]") {
    auto* const owns = contract::symbol<int(const void*)>("ashlar_owns");
    REQUIRE(owns != nullptr);
    using OneSize = void*(std::size_t);
    using TwoSizes = void*(std::size_t, std::size_t);
    void* block = contract::symbol<OneSize>("__libc_malloc")(100);
    CHECK(owns(block) == 1);
    free(block);
    block = contract::symbol<TwoSizes>("__libc_calloc")(3, 100);
    CHECK(owns(block) == 1);
    CHECK(all_bytes_are(block, 300, 0));
    block = contract::symbol<void*(void*, std::size_t)>("__libc_realloc")(block, 1000);
    CHECK(owns(block) == 1);
    contract::symbol<void(void*)>("__libc_free")(block);
    block = contract::symbol<TwoSizes>("__libc_memalign")(256, 100);
    CHECK(owns(block) == 1);
    CHECK(reinterpret_cast<std::uintptr_t>(block) % 256 == 0);
    free(block);
    for (const char* name : {"__libc_valloc", "__libc_pvalloc"}) {
        INFO(name);
        block = contract::symbol<OneSize>(name)(100);
        CHECK(owns(block) == 1);
        CHECK(reinterpret_cast<std::uintptr_t>(block) % 4096 == 0);
        free(block);
    }
    CHECK(contract::symbol<int(void**, std::size_t, std::size_t)>("__posix_memalign")(&block, 128, 100) == 0);
    CHECK(owns(block) == 1);
    CHECK(reinterpret_cast<std::uintptr_t>(block) % 128 == 0);
    free(block);
}
