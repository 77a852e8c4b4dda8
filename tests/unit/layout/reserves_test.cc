// SPDX-License-Identifier: MIT
#include "layout/reserves.h"

#include <catch2/catch.hpp>
#include <cstddef>

namespace {

using ashlar::layout::Reserves;

constexpr std::size_t kNone = ~std::size_t{0} / 65536; // no limit, in slices

TEST_CASE("reserves: the floor and what is in use, below what was in use lately") {
    Reserves reserves;
    reserves.note_in_use(10'000);
    CHECK(reserves.allowed_dirty(0, 512, kNone) == 512);
    CHECK(reserves.allowed_dirty(1000, 512, kNone) == 512 + 1000);
    CHECK(reserves.allowed_dirty(10'000, 640, kNone) == 640 / 64 + 10'000 / 32);
    CHECK(reserves.allowed_dirty(20'000, 640, kNone) == 640 / 64 + 20'000 / 32);
}

TEST_CASE("reserves: a peak is forgotten by eighths") {
    Reserves reserves;
    reserves.note_in_use(10'000);
    reserves.forget(0);
    CHECK(reserves.allowed_dirty(0, 100'000, kNone) == 8750 + 100'000 / 64);
    reserves.forget(0);
    CHECK(reserves.allowed_dirty(0, 100'000, kNone) == 7656 + 100'000 / 64);
}

TEST_CASE("reserves: a peak is forgotten to the last slice, and what is above it is no peak") {
    Reserves reserves;
    reserves.note_in_use(100);
    for (int looks = 0; looks < 40; ++looks)
        reserves.forget(10);
    CHECK(reserves.allowed_dirty(0, 100'000, kNone) == 10 + 100'000 / 64);
    reserves.forget(50);
    CHECK(reserves.allowed_dirty(0, 100'000, kNone) == 10 + 100'000 / 64);
}

TEST_CASE("reserves: what was purged as excess and needed again raises the floor") {
    Reserves reserves;
    reserves.note_in_use(100'000);
    reserves.note_clean_taken(1000); // never purged
    CHECK(reserves.allowed_dirty(0, 512, kNone) == 512);
    reserves.note_purged(1200);
    CHECK(reserves.allowed_dirty(0, 512, kNone) == 512); // not needed yet
    reserves.note_clean_taken(600);
    CHECK(reserves.allowed_dirty(0, 512, kNone) == 512 + 600);
    reserves.note_clean_taken(2000); // 600 of these were purged
    CHECK(reserves.allowed_dirty(0, 512, kNone) == 512 + 1200);
    CHECK(reserves.allowed_dirty(300, 512, kNone) == 512 + 1200 + 300);
    reserves.note_clean_taken(2000);
    CHECK(reserves.allowed_dirty(0, 512, kNone) == 512 + 1200);
}

TEST_CASE("reserves: what was needed again is forgotten by quarters, to the last slice") {
    Reserves reserves;
    reserves.note_in_use(1'000'000'000);
    reserves.note_purged(800);
    reserves.note_clean_taken(800);
    reserves.forget(0);
    CHECK(reserves.allowed_dirty(0, 512, kNone) == 512 + 600);
    for (int looks = 0; looks < 60; ++looks)
        reserves.forget(0);
    CHECK(reserves.allowed_dirty(0, 512, kNone) == 512);
    reserves.note_purged(800);
    reserves.forget(0);
    reserves.note_clean_taken(800); // too late
    CHECK(reserves.allowed_dirty(0, 512, kNone) == 512);
}

TEST_CASE("reserves: the floor rises to seven times its height, and the other bounds hold") {
    Reserves reserves;
    reserves.note_in_use(100'000);
    reserves.note_purged(1'000'000);
    reserves.note_clean_taken(1'000'000);
    CHECK(reserves.allowed_dirty(0, 512, kNone) == 7 * 512);
    CHECK(reserves.allowed_dirty(0, 0, kNone) == 0);
    CHECK(reserves.allowed_dirty(98'000, 512, kNone) == 2000 + 512 / 64 + 98'000 / 32);
    CHECK(reserves.allowed_dirty(0, 512, 8000) == 1000);
}

TEST_CASE("reserves: an eighth of what a memory limit leaves") {
    Reserves reserves;
    reserves.note_in_use(2000);
    CHECK(reserves.allowed_dirty(200, 512, 1000) == 100);
    CHECK(reserves.allowed_dirty(999, 512, 1000) == 15);
    CHECK(reserves.allowed_dirty(1000, 512, 1000) == 15);
    CHECK(reserves.allowed_dirty(1500, 512, 1000) == 15);
    CHECK(reserves.allowed_dirty(0, 512, 0) == 0);
    CHECK(reserves.allowed_dirty(0, 512, 100'000) == 512);
    CHECK(Reserves::allowed_by_limit(200, 1000) == 100);
    CHECK(Reserves::allowed_by_limit(1500, 1000) == 15);
}

TEST_CASE("reserves: unused pages by the dirty limit and by use, and what serves again stays") {
    constexpr std::size_t kMiB = std::size_t{1} << 20;
    Reserves reserves;
    CHECK(Reserves::floor_in_slabs(100 * kMiB, 32 * kMiB) == 4 * kMiB);
    CHECK(Reserves::floor_in_slabs(16 * kMiB, 32 * kMiB) == 2 * kMiB);
    CHECK(reserves.allowed_unused(128 * kMiB, 32 * kMiB) == 5 * kMiB);
    reserves.note_unused_needed(32 * kMiB);
    CHECK(reserves.allowed_unused(128 * kMiB, 32 * kMiB) == 13 * kMiB);
    reserves.note_unused_needed(1000 * kMiB);
    CHECK(reserves.allowed_unused(128 * kMiB, 32 * kMiB) == (5 + 6 * 4) * kMiB);
    reserves.forget(0);
    CHECK(reserves.allowed_unused(128 * kMiB, 32 * kMiB) == (5 + 6 * 4) * kMiB); // 774 MiB are left
    for (int looks = 0; looks < 9; ++looks)
        reserves.forget(0);
    CHECK(reserves.allowed_unused(128 * kMiB, 32 * kMiB) < 21 * kMiB);
    CHECK(reserves.allowed_unused(128 * kMiB, 0) == kMiB);
    reserves.note_purged(100);
    reserves.note_unused_needed(kMiB);
    CHECK(reserves.allowed_dirty(0, 512, kNone) == 512 / 64); // each reserve has its own history
}

} // namespace
