// SPDX-License-Identifier: MIT
#include "observe/stack_table.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <set>
#include <thread>
#include <vector>

namespace {

using ashlar::observe::StackTable;
using Stack = std::vector<std::uintptr_t>;

Stack stack(std::uintptr_t i) {
    return {0x400000 + i, 0x7f0000000000 + 16 * (i % 7), 0x401000};
}

TEST_CASE("stack table: a stack keeps its number, and each has its own") {
    static StackTable table;
    REQUIRE(table.prepare());
    constexpr std::uintptr_t kStacks = 50'000;
    std::set<std::uint32_t> numbers;
    for (std::uintptr_t i = 0; i < kStacks; ++i) {
        const Stack frames = stack(i);
        const auto [number, is_new] = table.find(frames.data(), frames.size());
        REQUIRE(number != 0);
        REQUIRE(is_new);
        REQUIRE(table.find(frames.data(), frames.size()).is_new); // no record of the stack is confirmed yet
        table.confirm(number);
        REQUIRE(numbers.insert(number).second);
        REQUIRE(table.find(frames.data(), frames.size()).number == number);
        REQUIRE_FALSE(table.find(frames.data(), frames.size()).is_new);
    }
    const Stack shorter{stack(5)[0], stack(5)[1]};
    REQUIRE(table.find(shorter.data(), shorter.size()).is_new);
    REQUIRE(table.find(nullptr, 0).number != 0);
    table.clear();
    REQUIRE(table.find(stack(5).data(), 3).is_new);
}

TEST_CASE("stack table: when it is full there is no number, and those given out hold") {
    static StackTable table;
    REQUIRE(table.prepare());
    const std::uint32_t first = table.find(stack(0).data(), 3).number;
    std::uintptr_t i = 1;
    constexpr std::uintptr_t kEnough = 2'000'000;
    while (i < kEnough && table.find(stack(i).data(), 3).number != 0)
        ++i;
    REQUIRE(i > 100'000);
    REQUIRE(i < kEnough);
    REQUIRE(table.find(stack(0).data(), 3).number == first);
}

TEST_CASE("stack table: threads that come with one stack get one number") {
    static StackTable table;
    REQUIRE(table.prepare());
    constexpr std::size_t kThreads = 4;
    constexpr std::uintptr_t kStacks = 3000;
    std::vector<std::vector<std::uint32_t>> numbers(kThreads);
    std::atomic<std::size_t> ready{0};
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
            ready.fetch_add(1);
            while (ready.load() != kThreads) {
            }
            for (std::uintptr_t i = 0; i < kStacks; ++i)
                numbers[t].push_back(table.find(stack(i).data(), 3).number);
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    for (std::size_t t = 1; t < kThreads; ++t)
        REQUIRE(numbers[t] == numbers[0]);
    REQUIRE(std::set<std::uint32_t>(numbers[0].begin(), numbers[0].end()).size() == kStacks);
}

} // namespace
