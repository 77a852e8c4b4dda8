// SPDX-License-Identifier: MIT
#include "layout/superslab.h"

#include "layout/metadata_pool.h"
#include "os/clock.h"
#include "os/config.h"
#include "os/page_memory.h"

#include <algorithm>
#include <bit>

namespace ashlar::layout {

constinit Superslabs superslabs;

namespace {

constexpr std::size_t kMaxCommitStep = 32;                  // superslabs, 64 MiB
constexpr std::size_t kMaxBitmapBytes = kMaxSlabBlocks / 8; // of a page's slab, outside of its descriptor

// Dirty pages may amount to this share of the pages in use, beyond the settings' floor.
constexpr std::size_t kDirtyShare = 8;

constexpr Page first_page_of(std::size_t superslab) {
    return static_cast<Page>(superslab * kPagesPerSuperslab);
}

void add(std::atomic<std::size_t>& counter, std::size_t value) {
    counter.store(counter.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
}

void subtract(std::atomic<std::size_t>& counter, std::size_t value) {
    counter.store(counter.load(std::memory_order_relaxed) - value, std::memory_order_relaxed);
}

} // namespace

Superslabs::Group& Superslabs::group(std::size_t superslab) const {
    return reinterpret_cast<Group*>(window.superslab_states.start())[superslab / kGroupSize];
}

Superslabs::State& Superslabs::state(std::size_t superslab) const {
    return group(superslab).states[superslab % kGroupSize];
}

void Superslabs::note_changes(std::size_t superslab) {
    Group& home = group(superslab);
    const State& s = state(superslab);
    const std::uint64_t bit = std::uint64_t{1} << (superslab % kGroupSize);
    PageMask starts = s.free;
    for (unsigned order = 0; order < kRunOrders; ++order) {
        if (order != 0) starts &= starts >> (1U << (order - 1));
        home.has_run[order] = starts != 0 ? home.has_run[order] | bit : home.has_run[order] & ~bit;
    }
    home.has_dirty = s.dirty != 0 ? home.has_dirty | bit : home.has_dirty & ~bit;
}

// Calls visit(superslab, mask) for the part of the run in each superslab.
template <typename Visit>
void Superslabs::for_each_piece(Page first, std::size_t pages, Visit visit) {
    while (pages != 0) {
        const unsigned offset = first % kPagesPerSuperslab;
        const auto here = static_cast<unsigned>(std::min<std::size_t>(pages, kPagesPerSuperslab - offset));
        visit(first / kPagesPerSuperslab, run_mask(offset, here));
        first += here;
        pages -= here;
    }
}

// The lowest run of up to 32 pages; 0 if there is none.
Page Superslabs::find(unsigned pages, Fit fit) const {
    const auto order = static_cast<unsigned>(std::bit_width(pages) - 1);
    for (std::size_t base = 0; base < opened_; base += kGroupSize) {
        const Group& home = group(base);
        for (std::uint64_t rest = home.has_run[order]; rest != 0; rest &= rest - 1) {
            const auto slot = static_cast<unsigned>(std::countr_zero(rest));
            const PageMask free = home.states[slot].free;
            const PageMask starts =
                fit == Fit::kAligned ? aligned_run_starts(free, pages) : run_starts(free, pages);
            if (starts != 0)
                return first_page_of(base + slot) + static_cast<unsigned>(std::countr_zero(starts));
        }
    }
    return 0;
}

bool Superslabs::all_free(Page first, std::size_t pages) const {
    bool free = (first + pages - 1) / kPagesPerSuperslab < opened_;
    if (free) {
        for_each_piece(first, pages, [&](std::size_t superslab, PageMask mask) {
            free = free && (state(superslab).free & mask) == mask;
        });
    }
    return free;
}

// The lowest run of more than 32 pages; 0 if there is none.
Page Superslabs::find_long(std::size_t pages) const {
    const std::size_t whole = pages / kPagesPerSuperslab;
    const auto rest = static_cast<Page>(pages % kPagesPerSuperslab);
    std::size_t in_a_row = 0;
    for (std::size_t s = 0; s < opened_; ++s) {
        if (s % kGroupSize == 0 && group(s).has_run[kRunOrders - 1] == 0) {
            in_a_row = 0;
            s += kGroupSize - 1;
            continue;
        }
        in_a_row = state(s).free == kAllPages ? in_a_row + 1 : 0;
        if (in_a_row >= whole && (rest == 0 || all_free(first_page_of(s + 1), rest))) {
            return first_page_of(s + 1 - whole);
        }
    }
    return 0;
}

Run Superslabs::take_locked(Page first, std::size_t pages) {
    Run run{first, true};
    for_each_piece(first, pages, [&](std::size_t superslab, PageMask mask) {
        State& s = state(superslab);
        const PageMask dirty = s.dirty & mask;
        if (dirty != 0) run.zero = false;
        subtract(dirty_pages_, static_cast<std::size_t>(std::popcount(dirty)));
        s.free &= ~mask;
        s.dirty &= ~mask;
        s.aged &= ~mask;
        note_changes(superslab);
    });
    add(pages_in_use_, pages);
    return run;
}

void Superslabs::give_locked(Page first, std::size_t pages, bool dirty) {
    for_each_piece(first, pages, [&](std::size_t superslab, PageMask mask) {
        State& s = state(superslab);
        s.free |= mask;
        if (dirty) {
            s.dirty |= mask;
            add(dirty_pages_, static_cast<std::size_t>(std::popcount(mask)));
        }
        note_changes(superslab);
    });
    subtract(pages_in_use_, pages);
}

Superslabs::Claim Superslabs::claim(std::size_t superslabs_needed) {
    const std::size_t total = window.end_page / kPagesPerSuperslab;
    const os::Guard guard(mutex_);
    if (superslabs_needed == 1) {
        for (std::size_t base = 0; base < opened_; base += kGroupSize) {
            Group& home = group(base);
            if (home.abandoned == 0) continue;
            const std::size_t superslab = base + static_cast<unsigned>(std::countr_zero(home.abandoned));
            home.abandoned &= home.abandoned - 1;
            return {superslab, superslab + 1};
        }
    }
    const std::size_t begin = std::max<std::size_t>(claimed_, window.first_page / kPagesPerSuperslab);
    if (superslabs_needed > total - begin) return {begin, begin};
    const std::size_t have = committed_.load(std::memory_order_relaxed);
    const std::size_t step = std::clamp<std::size_t>(have / 8, 1, kMaxCommitStep);
    claimed_ = begin + std::min(std::max(superslabs_needed, step), total - begin);
    return {begin, claimed_};
}

void Superslabs::publish(Claim published) {
    const os::Guard guard(mutex_);
    opened_ = std::max(opened_, published.end);
    for (std::size_t s = published.begin; s < published.end; ++s) {
        state(s) = {.free = kAllPages, .dirty = 0, .aged = 0, .spare = 0};
        note_changes(s);
    }
    add(committed_, published.end - published.begin);
}

void Superslabs::abandon(Claim abandoned) {
    const os::Guard guard(mutex_);
    if (claimed_ == abandoned.end) {
        claimed_ = abandoned.begin;
        return;
    }
    for (std::size_t s = abandoned.begin; s < std::min(abandoned.end, opened_); ++s) {
        group(s).abandoned |= std::uint64_t{1} << (s % kGroupSize);
    }
}

bool Superslabs::grow(std::size_t superslabs_needed) {
    const Claim claimed = claim(superslabs_needed);
    if (claimed.begin == claimed.end) return false;
    bool described = false;
    {
        const os::Guard guard(tables_mutex_);
        described = window.superslab_states.grow_to(((claimed.end - 1) / kGroupSize + 1) * sizeof(Group)) &&
                    window.commit_page_tables(first_page_of(claimed.end)) &&
                    metadata_pool.set_aside(claimed.end * kPagesPerSuperslab * kMaxBitmapBytes);
    }
    char* const start = window.address_of(first_page_of(claimed.begin));
    if (described && os::commit(start, (claimed.end - claimed.begin) * kSuperslabSize)) {
        publish(claimed);
        return true;
    }
    const Claim needed{claimed.begin, claimed.begin + superslabs_needed};
    if (described && needed.end < claimed.end && os::commit(start, superslabs_needed * kSuperslabSize)) {
        publish(needed);
        abandon({needed.end, claimed.end});
        return true;
    }
    abandon(claimed);
    return false;
}

Run Superslabs::take_or_grow(std::size_t pages, Fit fit) {
    for (;;) {
        std::size_t at_end = 0; // free superslabs that a long run could start with
        {
            const os::Guard guard(mutex_);
            const Page found =
                pages <= kPagesPerSuperslab ? find(static_cast<unsigned>(pages), fit) : find_long(pages);
            if (found != 0) {
                if (fit == Fit::kAnywhere) count_large(pages);
                return take_locked(found, pages);
            }
            while (at_end < opened_ && opened_ == claimed_ && state(opened_ - 1 - at_end).free == kAllPages) {
                ++at_end;
            }
        }
        const std::size_t needed = (pages + kPagesPerSuperslab - 1) / kPagesPerSuperslab;
        if (!grow(needed - std::min(at_end, needed - 1))) {
            // Memory that is only dirty counts against the same limits.
            if (purge_all() == 0) return {};
            if (!grow(needed - std::min(at_end, needed - 1))) return {};
        }
    }
}

void Superslabs::count_large(std::size_t taken) {
    add(large_pages_, taken);
    if (large_pages_ > large_pages_peak_) add(large_pages_peak_, large_pages_ - large_pages_peak_);
}

Run Superslabs::take_for_slab(unsigned pages) {
    return take_or_grow(pages, Fit::kAligned);
}

Run Superslabs::take(std::size_t pages) {
    return take_or_grow(pages, Fit::kAnywhere);
}

Run Superslabs::take_at(Page first, std::size_t pages) {
    if (first + pages > window.end_page) return {};
    const os::Guard guard(mutex_);
    if (!all_free(first, pages)) return {};
    count_large(pages);
    return take_locked(first, pages);
}

void Superslabs::give_from_slab(Page first, unsigned pages) {
    {
        const os::Guard guard(mutex_);
        give_locked(first, pages, true);
    }
    purge_excess();
}

void Superslabs::give(Page first, std::size_t pages) {
    {
        const os::Guard guard(mutex_);
        give_locked(first, pages, true);
        subtract(large_pages_, pages);
    }
    purge_excess();
}

void Superslabs::give_clean(Page first, std::size_t pages) {
    const os::Guard guard(mutex_);
    give_locked(first, pages, false);
    subtract(large_pages_, pages);
}

std::size_t Superslabs::dirty_limit() const {
    const std::size_t large = large_pages_.load(std::memory_order_relaxed);
    const std::size_t peak = large_pages_peak_.load(std::memory_order_relaxed);
    return os::settings.dirty_limit.load(std::memory_order_relaxed) / kPageSize +
           pages_in_use() / kDirtyShare + (peak - std::min(large, peak));
}

void Superslabs::purge_excess() {
    const std::size_t dirty = dirty_pages();
    const std::size_t limit = dirty_limit();
    if (dirty > limit) purge(Which::kAll, dirty - limit / 4 * 3);
    purge_aged();
}

// Purges up to about `most` pages, from the highest superslab down; returns how many it did. Pages on their
// way are nobody's: not free, not in use.
std::size_t Superslabs::purge(Which which, std::size_t most) {
    std::size_t purged = 0;
    std::size_t next = ~std::size_t{0};
    while (purged < most) {
        PageMask chosen = 0;
        {
            const os::Guard guard(mutex_);
            next = std::min(next, opened_);
            while (chosen == 0 && next != 0) {
                --next;
                if (group(next).has_dirty == 0) {
                    next -= next % kGroupSize;
                    continue;
                }
                State& s = state(next);
                chosen = which == Which::kAll ? s.dirty : s.dirty & s.aged;
                s.free &= ~chosen;
                s.dirty &= ~chosen;
                s.aged &= ~chosen;
                subtract(dirty_pages_, static_cast<std::size_t>(std::popcount(chosen)));
                note_changes(next);
            }
        }
        if (chosen == 0) break;
        PageMask refused = 0;
        for (PageMask rest = chosen; rest != 0;) {
            const auto first = static_cast<unsigned>(std::countr_zero(rest));
            const auto pages = static_cast<unsigned>(std::countr_one(rest >> first));
            const PageMask mask = run_mask(first, pages);
            rest &= ~mask;
            if (os::purge(window.address_of(first_page_of(next) + first), pages * kPageSize)) {
                purged += pages;
            } else {
                refused |= mask;
            }
        }
        const os::Guard guard(mutex_);
        State& s = state(next);
        s.free |= chosen;
        s.dirty |= refused;
        add(dirty_pages_, static_cast<std::size_t>(std::popcount(refused)));
        note_changes(next);
    }
    return purged;
}

std::size_t Superslabs::purge_all() {
    return purge(Which::kAll, ~std::size_t{0}) * kPageSize;
}

void Superslabs::purge_aged() {
    const std::uint64_t now = os::coarse_milliseconds();
    std::uint64_t due = next_look_.load(std::memory_order_relaxed);
    if (now < due) return;
    const std::uint64_t next = now + os::settings.purge_delay_ms.load(std::memory_order_relaxed);
    if (!next_look_.compare_exchange_strong(due, next, std::memory_order_relaxed)) return;
    purge(Which::kAged, ~std::size_t{0});
    const os::Guard guard(mutex_);
    large_pages_peak_.store((large_pages_peak_ + large_pages_) / 2, std::memory_order_relaxed);
    for (std::size_t base = 0; base < opened_; base += kGroupSize) {
        for (std::uint64_t rest = group(base).has_dirty; rest != 0; rest &= rest - 1) {
            State& s = group(base).states[std::countr_zero(rest)];
            s.aged = s.dirty;
        }
    }
}

} // namespace ashlar::layout
