// SPDX-License-Identifier: MIT
#include "locks/lock_index.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace {

using ashlar::lock_format::LockRow;
using ashlar::locks::LockIndex;

const void* address(std::uintptr_t number) {
    return reinterpret_cast<const void*>(number);
}

TEST_CASE("lock index: finds what was added and not removed") {
    const auto index = std::make_unique<LockIndex>();
    std::vector<LockRow> rows(4000);
    std::map<std::uintptr_t, LockRow*> model;
    std::mt19937_64 random(1); // NOLINT(bugprone-random-generator-seed): the same each time
    std::size_t refused = 0;
    for (int step = 0; step < 200'000; ++step) {
        // Half of the keys have regular distances, like locks in an array.
        const std::uintptr_t key = 0x7f00'0000'0000 + (random() % 3000) * (step % 2 == 0 ? 40 : 4096);
        const auto known = model.find(key);
        if (known == model.end() && model.size() < rows.size()) {
            LockRow* const row = &rows[random() % rows.size()];
            if (index->add(address(key), row)) {
                model[key] = row;
            } else {
                ++refused;
            }
        } else if (known != model.end()) {
            REQUIRE(index->find(address(key)) == known->second);
            const LockIndex::Slot* const slot = index->first_slot(address(key));
            if (slot->is_of(address(key))) REQUIRE(slot->row == known->second);
            index->remove(address(key));
            model.erase(known);
            REQUIRE(index->find(address(key)) == nullptr);
        }
    }
    CHECK(refused == 0);
    for (const auto& [key, row] : model)
        REQUIRE(index->find(address(key)) == row);
}

TEST_CASE("lock index: full near a place it says so and loses nothing") {
    const auto index = std::make_unique<LockIndex>();
    LockRow row{};
    std::vector<std::uintptr_t> added;
    // Keys with equal low halves begin their search at one slot.
    bool has_room = true;
    for (std::uintptr_t number = 1; has_room && number < 1000; ++number) {
        const std::uintptr_t key = number << 32 | 0x1230;
        has_room = index->add(address(key), &row);
        if (has_room) added.push_back(key);
    }
    CHECK_FALSE(has_room);
    CHECK(added.size() >= 16);
    for (const std::uintptr_t key : added)
        REQUIRE(index->find(address(key)) == &row);
    // The mark of a removed lock is reused.
    index->remove(address(added.front()));
    CHECK(index->find(address(added.back())) == &row);
    const std::uintptr_t another = std::uintptr_t{5000} << 32 | 0x1230;
    CHECK(index->add(address(another), &row));
    CHECK(index->find(address(another)) == &row);
}

TEST_CASE("lock index: readers see a row as soon as they see its lock") {
    const auto index = std::make_unique<LockIndex>();
    constexpr std::uintptr_t kLocks = 20'000;
    std::vector<LockRow> rows(kLocks + 1);
    for (std::uintptr_t number = 1; number <= kLocks; ++number)
        rows[number].number = number;
    std::atomic<bool> is_done{false};
    std::atomic<std::uint64_t> wrong{0};
    std::thread reader([&] {
        while (!is_done.load(std::memory_order_acquire)) {
            for (std::uintptr_t number = 1; number <= kLocks; ++number) {
                const LockRow* const found = index->find(address(number * 64));
                if (found != nullptr && found->number != number) ++wrong;
            }
        }
    });
    std::uintptr_t refused = 0;
    for (std::uintptr_t number = 1; number <= kLocks; ++number)
        refused += index->add(address(number * 64), &rows[number]) ? 0 : 1;
    is_done.store(true, std::memory_order_release);
    reader.join();
    CHECK(wrong == 0);
    CHECK(refused == 0);
    for (std::uintptr_t number = 1; number <= kLocks; ++number)
        REQUIRE(index->find(address(number * 64)) == &rows[number]);
}

} // namespace
