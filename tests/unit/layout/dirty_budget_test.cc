// SPDX-License-Identifier: MIT
#include "layout/dirty_budget.h"

#include <catch2/catch.hpp>
#include <cstddef>

namespace {

using ashlar::layout::DirtyBudget;

constexpr std::size_t kNone = ~std::size_t{0} / 65536; // no limit, in pages

TEST_CASE("dirty budget: the floor and what is in use, below what was in use lately") {
    DirtyBudget budget;
    budget.note_in_use(10'000);
    CHECK(budget.allowed(0, 512, kNone) == 512);
    CHECK(budget.allowed(1000, 512, kNone) == 512 + 1000);
    CHECK(budget.allowed(10'000, 640, kNone) == 640 / 64 + 10'000 / 32);
    CHECK(budget.allowed(20'000, 640, kNone) == 640 / 64 + 20'000 / 32);
}

TEST_CASE("dirty budget: a peak is forgotten by eighths") {
    DirtyBudget budget;
    budget.note_in_use(10'000);
    budget.forget(0);
    CHECK(budget.allowed(0, 100'000, kNone) == 8750 + 100'000 / 64);
    budget.forget(0);
    CHECK(budget.allowed(0, 100'000, kNone) == 7656 + 100'000 / 64);
}

TEST_CASE("dirty budget: a peak is forgotten to the last page, and what is above it is no peak") {
    DirtyBudget budget;
    budget.note_in_use(100);
    for (int looks = 0; looks < 40; ++looks)
        budget.forget(10);
    CHECK(budget.allowed(0, 100'000, kNone) == 10 + 100'000 / 64);
    budget.forget(50);
    CHECK(budget.allowed(0, 100'000, kNone) == 10 + 100'000 / 64);
}

TEST_CASE("dirty budget: what was purged as excess and needed again raises the floor") {
    DirtyBudget budget;
    budget.note_in_use(100'000);
    budget.note_clean_taken(1000); // never purged
    CHECK(budget.allowed(0, 512, kNone) == 512);
    budget.note_purged(1200);
    CHECK(budget.allowed(0, 512, kNone) == 512); // not needed yet
    budget.note_clean_taken(600);
    CHECK(budget.allowed(0, 512, kNone) == 512 + 100);
    budget.note_clean_taken(2000); // of which 600 were purged
    CHECK(budget.allowed(0, 512, kNone) == 512 + 200);
    CHECK(budget.allowed(300, 512, kNone) == 512 + 200 + 300);
    budget.note_clean_taken(2000);
    CHECK(budget.allowed(0, 512, kNone) == 512 + 200);
}

TEST_CASE("dirty budget: what was needed again is forgotten by eighths, to the last page") {
    DirtyBudget budget;
    budget.note_in_use(1'000'000'000);
    budget.note_purged(800);
    budget.note_clean_taken(800);
    budget.forget(0);
    CHECK(budget.allowed(0, 512, kNone) == 512 + 700 / 6);
    for (int looks = 0; looks < 60; ++looks)
        budget.forget(0);
    CHECK(budget.allowed(0, 512, kNone) == 512);
    budget.note_purged(800);
    budget.forget(0);
    budget.note_clean_taken(800); // too late
    CHECK(budget.allowed(0, 512, kNone) == 512);
}

TEST_CASE("dirty budget: the floor rises to nine times its height, and the other bounds hold") {
    DirtyBudget budget;
    budget.note_in_use(100'000);
    budget.note_purged(1'000'000);
    budget.note_clean_taken(1'000'000);
    CHECK(budget.allowed(0, 512, kNone) == 9 * 512);
    CHECK(budget.allowed(0, 0, kNone) == 0);
    CHECK(budget.allowed(98'000, 512, kNone) == 2000 + 512 / 64 + 98'000 / 32);
    CHECK(budget.allowed(0, 512, 8000) == 1000);
}

TEST_CASE("dirty budget: an eighth of what a memory limit leaves") {
    DirtyBudget budget;
    budget.note_in_use(2000);
    CHECK(budget.allowed(200, 512, 1000) == 100);
    CHECK(budget.allowed(999, 512, 1000) == 15);
    CHECK(budget.allowed(1000, 512, 1000) == 15);
    CHECK(budget.allowed(1500, 512, 1000) == 15);
    CHECK(budget.allowed(0, 512, 0) == 0);
    CHECK(budget.allowed(0, 512, 100'000) == 512);
    CHECK(DirtyBudget::allowed_by_limit(200, 1000) == 100);
    CHECK(DirtyBudget::allowed_by_limit(1500, 1000) == 15);
}

} // namespace
