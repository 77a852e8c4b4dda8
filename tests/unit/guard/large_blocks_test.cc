// SPDX-License-Identifier: MIT
#include "../support/build_kind.h"
#include "../support/child.h"
#include "guard/large_blocks.h"
#include "guard/live_map.h"
#include "guard/waiting_runs.h"
#include "heap/heap.h"
#include "os/config.h"
#include "os/page_locks.h"
#include "os/page_memory.h"

#include <ashlar/ashlar.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace {

// Locks memory by a system call, because a sanitizer's mlock has no effect.
long lock(void* start, std::size_t size) {
    return ::syscall(SYS_mlock, start, size);
}

using namespace ashlar;        // NOLINT(google-build-using-namespace): the layer under test
using namespace ashlar::guard; // NOLINT(google-build-using-namespace): the layer under test

using large_blocks::Contents;
using layout::window;

constexpr std::size_t kSizes[] = {32'761, 40'000, 61'439, 61'440, 65'536, 200'000, 3'000'000};

char* make(std::size_t size, unsigned alignment_shift = 4, Contents contents = Contents::kAny) {
    secret.prepare();
    auto* const block = static_cast<char*>(
        large_blocks::allocate({.size = size, .alignment_shift = alignment_shift}, contents));
    if (block == nullptr || !window.contains(block)) FAIL("no block");
    if (!live_map.begin(window.offset_of(block))) FAIL("live already");
    return block;
}

void drop(void* block) {
    if (!live_map.end(window.offset_of(block))) FAIL("not live");
    large_blocks::release(block);
}

UNIT_TEST_CASE_IN_CHILD("large blocks: every byte asked for may be written, at any alignment",
                        unit::kDefaultHeap) {
    for (const std::size_t size : kSizes) {
        for (const unsigned shift : {4U, 12U, 13U, 16U, 17U, 21U}) {
            char* const block = make(size, shift);
            REQUIRE(reinterpret_cast<std::uintptr_t>(block) % (std::size_t{1} << shift) == 0);
            std::memset(block, 7, size);
            REQUIRE(large_blocks::facts_of(block).size == size);
            REQUIRE(large_blocks::around(block + size / 2) == block);
            drop(block);
        }
    }
    REQUIRE(WaitingRuns::bytes_of_all.load() != 0);
    REQUIRE(large_blocks::return_all());
    REQUIRE(WaitingRuns::bytes_of_all.load() == 0);
}

UNIT_TEST_CASE_IN_CHILD("large blocks: zeroed ones are, also of used memory", unit::kDefaultHeap) {
    for (int round = 0; round < 3; ++round) {
        for (const std::size_t size : kSizes) {
            char* const block = make(size, 4, Contents::kZero);
            REQUIRE(std::all_of(block, block + size, [](char byte) { return byte == 0; }));
            std::memset(block, 7, size);
            drop(block);
            large_blocks::return_all();
        }
    }
}

TEST_CASE("large blocks: a page before and a page behind fault, and released memory that is not kept") {
    for (const std::size_t size : kSizes) {
        const std::pair<const char*, void (*)(volatile char*, std::size_t)> offences[] = {
            {"before", [](volatile char* block, std::size_t) { block[-1] = 0; }},
            {"behind",
             [](volatile char* block, std::size_t length) { block[length + canary::kWatched + 4096] = 0; }},
            {"released, nothing is kept", [](volatile char* block, std::size_t length) {
                 os::settings.large_quarantine = 0;
                 drop(const_cast<char*>(block));
                 block[length / 2] = 0;
             }}};
        for (const auto& [name, commit] : offences) {
            INFO(name << ", size " << size);
            const unit::Outcome outcome = unit::run_here([size, offence = commit] {
                std::signal(SIGSEGV, SIG_DFL);
                offence(make(size), size);
            });
            CHECK(outcome.killed_by(SIGSEGV));
        }
    }
}

TEST_CASE("large blocks: a released one that was hardly written to is not kept") {
    const unit::Outcome outcome = unit::run_here([] {
        std::signal(SIGSEGV, SIG_DFL);
        char* const block = make(3'000'000);
        std::memset(block, 7, 1'000'000);
        drop(block);
        const_cast<volatile char*>(block)[1000] = 0;
    });
    CHECK(outcome.killed_by(SIGSEGV));
}

// The ends and a sample are always checked. The setting `poison` checks the whole block.
TEST_CASE("large blocks: what is written to a released one is found when it leaves") {
    for (const std::size_t size : kSizes) {
        const std::pair<std::size_t, std::size_t> places[] = {
            {0, 1}, {4095, 1}, {size - 1, 1}, {size / 2, 2048}, {size / 2, 1}};
        for (const auto& [start, length] : places) {
            INFO("size " << size << ", " << length << " bytes at " << start);
            const unit::Outcome outcome = unit::run_here([size, at = start, count = length] {
                char* const block = make(size);
                std::memset(block, 7, size);
                if (count == 1) os::settings.poison = std::size_t{16} << 20;
                drop(block);
                std::memset(block + at, 7, std::min(count, size - at));
                large_blocks::return_all();
            });
            CHECK(outcome.killed_by(SIGABRT));
            CHECK(outcome.errors.find("write after free, ") != std::string::npos);
            if (length == 1)
                CHECK(outcome.errors.find(" " + std::to_string(start) + " bytes into") != std::string::npos);
        }
    }
}

UNIT_TEST_CASE_IN_CHILD("large blocks: what waited comes again with its guards and its memory",
                        unit::kDefaultHeap) {
    const auto faults = [] {
        rusage usage{};
        ::getrusage(RUSAGE_SELF, &usage);
        return usage.ru_minflt;
    };
    for (const std::size_t size : {65'536U, 300'000U, 1'000'000U, 8'000'000U}) {
        const auto turn = [size](int value) {
            char* const block = make(size);
            std::memset(block, value, size);
            drop(block);
        };
        for (int i = 0; i < 50; ++i) // as many as can wait
            turn(i);
        const long before = faults();
        for (int i = 0; i < 50; ++i)
            turn(i);
        INFO("size " << size);
        CHECK(faults() - before < 50);
    }
    REQUIRE(large_blocks::return_all());
}

UNIT_TEST_CASE_IN_CHILD("large blocks: what a program did to the pages ends with the block",
                        unit::kDefaultHeap) {
    constexpr std::size_t kSize = 1 << 20;
    os::settings.large_quarantine = kSize + (1 << 19);
    for (const std::size_t size : {kSize, 2 * kSize}) { // kept, and too large to keep
        char* const block = make(size);
        std::memset(block, 1, size);
        REQUIRE(::madvise(block, size, MADV_DONTFORK) == 0);
        const bool locks = lock(block, size) == 0; // if the limit allows a lock
        drop(block);
        large_blocks::return_all();
        char* const next = make(size);
        REQUIRE(next == block);
        std::memset(next, 1, size);
        REQUIRE((!locks || !os::any_locked(next, os::page_size())));
        UNIT_REQUIRE_PASSED(unit::run_here([next] { REQUIRE(next[0] == 1); }));
        drop(next);
        large_blocks::return_all();
    }
}

UNIT_TEST_CASE_IN_CHILD("large blocks: a lock does not stay on what waits", unit::kDefaultHeap) {
    constexpr std::size_t kSize = 100'000;
    char* const block = make(kSize);
    std::memset(block, 1, kSize);
    if (lock(block, kSize) != 0) return; // the limit forbids a lock
    REQUIRE(os::any_locked(block, os::page_size()));
    drop(block);
    REQUIRE(WaitingRuns::bytes_of_all.load() != 0);
    REQUIRE_FALSE(os::any_locked(block, os::page_size()));
}

UNIT_TEST_CASE_IN_CHILD("large blocks: those that are not kept keep their memory when all is locked",
                        unit::kDefaultHeap) {
    constexpr std::size_t kSize = 1 << 20;
    os::settings.large_quarantine = 0;
    char* const block = make(kSize);
    std::memset(block, 1, kSize);
    if (unit::kSanitizer || ::mlockall(MCL_CURRENT) != 0) return; // no effect, or forbidden
    drop(block);
    REQUIRE(WaitingRuns::bytes_of_all.load() == 0);
    REQUIRE(os::any_locked(block, os::page_size()));
    REQUIRE(os::mostly_resident(block, kSize));
}

TEST_CASE("large blocks: one that comes again has its guard behind its new end") {
    for (const auto& [old_size, size] : {std::pair{200'000, 230'000}, std::pair{230'000, 200'000}}) {
        for (const bool behind : {false, true}) {
            INFO("from " << old_size << " to " << size << (behind ? ", behind" : ""));
            const unit::Outcome outcome = unit::run_here([from = old_size, to = size, behind] {
                std::signal(SIGSEGV, SIG_DFL);
                for (int i = 0; i < 50; ++i) {
                    char* const block = make(static_cast<std::size_t>(i < 25 ? from : to));
                    std::memset(block, 7, static_cast<std::size_t>(i < 25 ? from : to));
                    if (behind && i == 49) block[to + 8 + 4096] = 0;
                    drop(block);
                }
            });
            CHECK(outcome.killed_by(SIGSEGV) == behind);
        }
    }
}

UNIT_TEST_CASE_IN_CHILD("large blocks: zeroed ones are, also if they waited", unit::kDefaultHeap) {
    for (int i = 0; i < 50; ++i) {
        char* const block = make(1'000'000, 4, Contents::kZero);
        REQUIRE(std::all_of(block, block + 1'000'000, [](char byte) { return byte == 0; }));
        std::memset(block, 7, 1'000'000);
        drop(block);
    }
}

TEST_CASE("large blocks: two releases of one are seen, even if neither could see the other") {
    const unit::Outcome outcome = unit::run_here([] {
        char* const block = make(100'000);
        drop(block);
        large_blocks::release(block);
    });
    CHECK(outcome.killed_by(SIGABRT));
    CHECK(outcome.errors.find("by two threads at one time") != std::string::npos);
}

UNIT_TEST_CASE_IN_CHILD("large blocks: bytes behind the block are watched", unit::kDefaultHeap) {
    for (const std::size_t size : kSizes) {
        char* const block = make(size);
        REQUIRE(large_blocks::overflow(block) == 0);
        block[size + 2] = 0;
        REQUIRE(large_blocks::overflow(block) == 3);
        drop(block);
    }
}

UNIT_TEST_CASE_IN_CHILD("large blocks: resized where they are, they keep what they hold",
                        unit::kDefaultHeap) {
    char* const block = make(100'000);
    std::memset(block, 7, 100'000);
    std::size_t held = 100'000;
    for (const std::size_t size : {100'001U, 104'000U, 120'000U, 90'000U, 400'000U, 70'000U, 69'632U}) {
        if (!large_blocks::resize_in_place(block, size)) continue; // room for growth is not guaranteed
        held = std::min(held, size);
        REQUIRE(std::all_of(block, block + held, [](char byte) { return byte == 7; }));
        std::memset(block, 7, size);
        held = size;
        REQUIRE(large_blocks::facts_of(block).size == size);
    }
    drop(block);
}

UNIT_TEST_CASE_IN_CHILD("large blocks: without guards they serve all the same", "") {
    os::settings.guard_pages = 0;
    for (const std::size_t size : kSizes) {
        char* const block = make(size);
        std::memset(block, 7, size);
        REQUIRE(large_blocks::resize_in_place(block, size - 1000));
        drop(block);
    }
    REQUIRE(large_blocks::return_all());
}

} // namespace
