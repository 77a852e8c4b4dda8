// SPDX-License-Identifier: MIT
// What the hardened library promises: the call that misuses a block reports it, and a later call reports a
// write. Each offence runs in a forked child, which must not survive the call.
#include "child.h"
#include "opaque.h"
#include "subject.h"

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <malloc.h>
#include <new>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <vector>

using contract::opaque;
using contract::Outcome;

namespace {

constexpr std::size_t kSizes[] = {1, 16, 24, 100, 1000, 4096, 20'000, 32'768, 100'000, 1'000'000, 4'194'304};

char* make(std::size_t size) {
    auto* const block = static_cast<char*>(malloc(opaque(size)));
    if (block != nullptr) std::memset(block, 1, size);
    return opaque(block);
}

// Checks that the call ends the process with `words`, also when another thread makes it.
void check_reported(const std::string& words, const std::function<void()>& offence) {
    for (const bool in_thread : {false, true}) {
        INFO((in_thread ? "in a thread" : "in the main thread"));
        const Outcome outcome = contract::run_here([&] {
            if (in_thread) {
                std::thread(offence).join();
            } else {
                offence();
            }
            return 42;
        });
        INFO(outcome.describe());
        CHECK(outcome.killed_by(SIGABRT));
        CHECK(outcome.errors.find("ashlar: ") == 0);
        CHECK(outcome.errors.find(words) != std::string::npos);
    }
}

alignas(16) std::array<std::uint64_t, 32> global;

// Checks addresses that no malloc gave out. Some of this memory looks like a header of the C library's
// malloc.
void check_addresses_of_nobody() {
    const std::size_t length = 1 << 20;
    void* const mapped = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(mapped != MAP_FAILED);
    alignas(16) std::array<std::uint64_t, 32> local{};
    for (const std::uint64_t word : {std::uint64_t{0}, std::uint64_t{0x41}, ~std::uint64_t{0}}) {
        local.fill(word);
        global.fill(word);
        for (void* const address : {static_cast<void*>(&local[8]), static_cast<void*>(&global[8]), mapped,
                                    static_cast<void*>(static_cast<char*>(mapped) + 4096),
                                    reinterpret_cast<void*>(std::uintptr_t{16}),
                                    reinterpret_cast<void*>(std::uintptr_t{0xdeadbeefdeadbee0})}) {
            INFO("address " << address << ", memory of " << std::hex << word);
            check_reported("invalid pointer", [=] { free(opaque(address)); });
            check_reported("invalid pointer", [=] { free(realloc(opaque(address), 100)); });
            check_reported("invalid pointer",
                           [=] { static_cast<void>(malloc_usable_size(opaque(address))); });
        }
    }
    check_reported("invalid pointer", [=] {
        munmap(mapped, length);
        free(opaque(mapped));
    });
    munmap(mapped, length);
}

} // namespace

TEST_CASE("hardened: a block that was freed is no block to any call", "[hardened-only]") {
    for (const std::size_t size : kSizes) {
        INFO("size " << size);
        char* const block = make(size);
        check_reported("double free", [=] {
            free(block);
            free(opaque(block));
        });
        check_reported("double free", [=] {
            free(block);
            free(realloc(opaque(block), 2 * size));
        });
        check_reported("double free", [=] {
            free(block);
            static_cast<void>(malloc_usable_size(opaque(block)));
        });
        check_reported("double free", [=] {
            free(block);
            malloc_trim(0);
            free(opaque(block));
        });
        check_reported("double free", [=] {
            std::thread([=] { free(block); }).join();
            free(opaque(block));
        });
        free(block);
    }
}

TEST_CASE("hardened: an address inside a block is no block", "[hardened-only]") {
    for (const std::size_t size : kSizes) {
        char* const block = make(size);
        for (const std::size_t offset :
             {std::size_t{1}, std::size_t{8}, std::size_t{16}, size / 2 / 16 * 16}) {
            if (offset == 0 || (offset >= size && offset % 16 == 0)) continue;
            INFO("size " << size << ", offset " << offset);
            check_reported("invalid pointer", [=] { free(block + offset); });
            check_reported("invalid pointer", [=] { free(realloc(block + offset, size)); });
        }
        free(block);
    }
}

TEST_CASE("hardened: what is no memory of the heap is not passed on", "[hardened-only]") {
    check_addresses_of_nobody();
}

// With a block in the C library's malloc, a pointer outside the heap can be valid.
TEST_CASE("hardened: nor is it when the C library's malloc has a block", "[hardened-only]") {
    auto* const control = contract::symbol<decltype(ashlar_control)>("ashlar_control");
    REQUIRE(control != nullptr);
    REQUIRE(control("large_limit:64k") == 0);
    void* const held = malloc(opaque(std::size_t{1} << 20));
    REQUIRE(contract::statistics().fallback != 0);
    check_addresses_of_nobody();
    free(held);
    REQUIRE(control("large_limit:16g") == 0); // restores the default for later cases of this process
}

TEST_CASE("hardened: a byte behind a block is missed when it is freed or resized", "[hardened-only]") {
    for (const std::size_t size : kSizes) {
        INFO("size " << size);
        char* const block = make(size);
        const std::string words = "overflow of 1 byte behind a block of " + std::to_string(size) + " bytes";
        check_reported(words, [=] {
            block[size] = 0;
            free(block);
        });
        check_reported(words, [=] {
            block[size] = 'A';
            free(realloc(block, size + 1));
        });
        check_reported("overflow", [=] {
            std::memset(block + size, 0, 16);
            free(block);
        });
        free(block);
    }
}

TEST_CASE("hardened: the usable size is the size asked for", "[hardened-only]") {
    for (const std::size_t size : kSizes) {
        INFO("size " << size);
        void* const block = malloc(opaque(size));
        CHECK(malloc_usable_size(block) == size);
        void* const zeroed = calloc(1, opaque(size));
        CHECK(malloc_usable_size(zeroed) == size);
        void* const aligned = memalign(4096, opaque(size));
        CHECK(malloc_usable_size(aligned) == size);
        void* const resized = realloc(aligned, size + 1);
        CHECK(malloc_usable_size(resized) == size + 1);
        free(resized);
        free(zeroed);
        free(block);
    }
}

// poison:32k checks the whole of every block. By default only the ends of longer blocks are checked, see
// below.
TEST_CASE("hardened: a block stays where it is when its size stays, whatever its alignment",
          "[hardened-only]") {
    for (std::size_t alignment = 16; alignment <= (1 << 20); alignment *= 2) {
        INFO("alignment " << alignment);
        for (const std::size_t size :
             {std::size_t{2}, std::size_t{26}, std::size_t{5000}, std::size_t{100'000}}) {
            void* const block = aligned_alloc(alignment, size);
            REQUIRE(block != nullptr);
            std::memset(block, 1, size);
            void* const resized = realloc(opaque(block), size);
            CHECK(resized == block);
            free(resized);
        }
    }
}

TEST_CASE("hardened: a write to a freed block is found when it leaves", "[hardened-only]") {
    for (const std::size_t size : kSizes) {
        char* const block = make(size);
        for (const std::size_t at : {std::size_t{0}, std::size_t{8}, std::size_t{31}}) {
            if (at >= size) continue;
            INFO("size " << size << ", byte " << at);
            check_reported("write after free, " + std::to_string(at) + " bytes into the block", [=] {
                free(block);
                opaque(block)[at] = 0;
                malloc_trim(0);
            });
        }
        free(block);
    }
}

TEST_CASE("hardened: a freed large block whose memory is not kept faults at once", "[hardened-only]") {
    auto* const control = contract::symbol<decltype(ashlar_control)>("ashlar_control");
    REQUIRE(control != nullptr);
    REQUIRE(control("large_quarantine:64k") == 0);
    for (const std::size_t size : {100'000, 4'194'304}) {
        INFO("size " << size);
        const Outcome outcome = contract::run_here([size] {
            char* const block = make(size);
            free(block);
            opaque(block)[size / 2] = 0;
            return 42;
        });
        INFO(outcome.describe());
        CHECK(outcome.killed_by(SIGSEGV));
    }
    REQUIRE(control("large_quarantine:32m") == 0); // restores the default for later cases of this process
}

TEST_CASE("hardened: release with another size or alignment than the block's", "[hardened-only]") {
    for (const std::size_t size : kSizes) {
        INFO("size " << size);
        check_reported("which was allocated with " + std::to_string(size),
                       [=] { ::operator delete(::operator new(size), size + 1); });
        check_reported("with alignment 256, which was allocated with 64", [=] {
            ::operator delete (::operator new (size, std::align_val_t{64}), std::align_val_t{256});
        });
        ::operator delete(::operator new(size), size);
        ::operator delete (::operator new (size, std::align_val_t{64}), size, std::align_val_t{64});
        free(::operator new(size)); // not checked unless check_forms is set
    }
}

TEST_CASE("hardened: check_forms reports a block of new that free releases", "[hardened-only]") {
    auto* const control = contract::symbol<decltype(ashlar_control)>("ashlar_control");
    REQUIRE(control != nullptr);
    REQUIRE(control("check_forms:true") == 0);
    for (const std::size_t size : kSizes) {
        INFO("size " << size);
        check_reported(" by free, which was allocated by new", [=] { free(::operator new(size)); });
        check_reported(" by free, which was allocated by new[]", [=] { free(::operator new[](size)); });
        free(malloc(size));
    }
    REQUIRE(control("check_forms:false") == 0); // restores the default for later cases of this process
}

TEST_CASE("hardened: linear overflow and underflow of large blocks fault", "[hardened-only]") {
    for (const std::size_t size : {40'000, 100'000, 4'194'304}) {
        for (const bool behind : {false, true}) {
            INFO("size " << size << (behind ? ", behind" : ", before"));
            const Outcome outcome = contract::run_here([=] {
                char* const block = make(size);
                for (std::size_t i = 0; i < 8192; ++i)
                    *(behind ? opaque(block) + size + i : opaque(block) - 1 - i) = 0;
                return 42;
            });
            INFO(outcome.describe());
            CHECK(outcome.killed_by(SIGSEGV));
        }
    }
}

TEST_CASE("hardened: who runs through small blocks faults at the next 2 MiB", "[hardened-only]") {
    const Outcome outcome = contract::run_here([] {
        std::signal(SIGSEGV, SIG_DFL); // Catch2's handler allocates, and would report the writes
        char* const block = make(100);
        for (std::size_t i = 0; i < (std::size_t{64} << 20); i += 4096)
            block[i] = 1; // writes to other blocks, to unused pages, and finally to a fence
        return 42;
    });
    INFO(outcome.describe());
    CHECK(outcome.killed_by(SIGSEGV));
}

TEST_CASE("hardened: blocks do not come in the order of their addresses", "[hardened-only]") {
    std::vector<std::uintptr_t> addresses;
    std::size_t next_to_the_last = 0;
    constexpr std::size_t kCount = 2000;
    for (std::size_t i = 0; i < kCount; ++i) {
        addresses.push_back(reinterpret_cast<std::uintptr_t>(malloc(opaque<std::size_t>(100))));
        if (i != 0 && addresses[i] - addresses[i - 1] == 112) ++next_to_the_last;
    }
    CHECK(next_to_the_last < kCount / 4);
    for (const std::uintptr_t address : addresses)
        free(reinterpret_cast<void*>(address));
}
