// SPDX-License-Identifier: MIT
#include "layout/superslab.h"

#include "layout/metadata_pool.h"
#include "os/page_memory.h"

#include <algorithm>
#include <bit>

namespace ashlar::layout {

constinit Superslabs superslabs;

namespace {

constexpr std::size_t kMaxCommitStep = 32;                  // superslabs, 64 MiB
constexpr std::size_t kMaxBitmapBytes = kMaxSlabBlocks / 8; // of a page's slab, outside of its descriptor

char* start_of(std::size_t superslab) {
    return window.address_of(static_cast<Page>(superslab * kPagesPerSuperslab));
}

} // namespace

Superslabs::Group& Superslabs::group(std::size_t number) const {
    return reinterpret_cast<Group*>(window.superslab_states.start())[number];
}

void Superslabs::note_runs(Group& group, unsigned slot) {
    const std::uint64_t bit = std::uint64_t{1} << slot;
    for (unsigned order = 0; order < kRunOrders; ++order) {
        if (run_starts(group.states[slot].free, order) != 0) {
            group.has_run[order] |= bit;
        } else {
            group.has_run[order] &= ~bit;
        }
    }
}

bool Superslabs::open_superslab() {
    const std::size_t total = window.end_page / kPagesPerSuperslab;
    const std::size_t next = opened_ == 0 ? window.first_page / kPagesPerSuperslab : opened_;
    if (next >= total) return false;
    if (!window.superslab_states.grow_to((next / kGroupSize + 1) * sizeof(Group)) ||
        !window.commit_page_tables(static_cast<Page>((next + 1) * kPagesPerSuperslab)) ||
        !metadata_pool.set_aside((next + 1) * kPagesPerSuperslab * kMaxBitmapBytes)) {
        return false;
    }
    if (next >= commit_end_) {
        const std::size_t have = committed_.load(std::memory_order_relaxed);
        std::size_t step = std::min(std::clamp<std::size_t>(have / 8, 1, kMaxCommitStep), total - next);
        if (!os::commit(start_of(next), step * kSuperslabSize)) {
            step = 1;
            if (!os::commit(start_of(next), kSuperslabSize)) return false;
        }
        commit_end_ = next + step;
        committed_.store(have + step, std::memory_order_relaxed);
    }
    opened_ = next + 1;
    Group& home = group(next / kGroupSize);
    home.states[next % kGroupSize] = {.free = ~PageMask{0}, .dirty = 0};
    note_runs(home, next % kGroupSize);
    return true;
}

Page Superslabs::take_run(unsigned pages) {
    const auto order = static_cast<unsigned>(std::countr_zero(pages));
    const os::Guard guard(mutex_);
    for (;;) {
        for (std::size_t g = 0; g * kGroupSize < opened_; ++g) {
            Group& home = group(g);
            if (home.has_run[order] == 0) continue;
            const auto slot = static_cast<unsigned>(std::countr_zero(home.has_run[order]));
            State& state = home.states[slot];
            const auto first = static_cast<unsigned>(std::countr_zero(run_starts(state.free, order)));
            state.free &= ~run_mask(first, pages);
            state.dirty &= ~run_mask(first, pages);
            note_runs(home, slot);
            pages_in_use_.store(pages_in_use() + pages, std::memory_order_relaxed);
            return static_cast<Page>((g * kGroupSize + slot) * kPagesPerSuperslab + first);
        }
        if (!open_superslab()) return 0;
    }
}

void Superslabs::give_run(Page first, unsigned pages) {
    const os::Guard guard(mutex_);
    window.set_headers(first, pages, PageHeader{0, 0});
    const std::size_t superslab = first / kPagesPerSuperslab;
    Group& home = group(superslab / kGroupSize);
    State& state = home.states[superslab % kGroupSize];
    const PageMask run = run_mask(first % kPagesPerSuperslab, pages);
    state.free |= run;
    state.dirty |= run;
    note_runs(home, superslab % kGroupSize);
    pages_in_use_.store(pages_in_use() - pages, std::memory_order_relaxed);
}

std::size_t Superslabs::purge_superslab(std::size_t superslab, State& state) {
    std::size_t purged = 0;
    PageMask rest = state.dirty;
    while (rest != 0) {
        const auto first = static_cast<unsigned>(std::countr_zero(rest));
        const auto pages = static_cast<unsigned>(std::countr_one(rest >> first));
        const PageMask run = run_mask(first, pages);
        rest &= ~run;
        if (os::purge(start_of(superslab) + first * kPageSize, pages * kPageSize)) {
            state.dirty &= ~run;
            purged += pages * kPageSize;
        }
    }
    return purged;
}

std::size_t Superslabs::purge() {
    const os::Guard guard(mutex_);
    std::size_t purged = 0;
    for (std::size_t s = window.first_page / kPagesPerSuperslab; s < opened_; ++s) {
        State& state = group(s / kGroupSize).states[s % kGroupSize];
        if (state.dirty != 0) purged += purge_superslab(s, state);
    }
    return purged;
}

} // namespace ashlar::layout
