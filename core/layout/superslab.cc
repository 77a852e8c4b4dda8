// SPDX-License-Identifier: MIT
#include "layout/superslab.h"

#include "layout/metadata_pool.h"
#include "os/clock.h"
#include "os/config.h"

#include <algorithm>
#include <bit>

namespace ashlar::layout {

constinit Superslabs superslabs;

namespace {

constexpr std::size_t kMaxCommitStep = 32;                  // superslabs, 64 MiB
constexpr std::size_t kMaxBitmapBytes = kMaxSlabBlocks / 8; // of a page's slab, outside of its descriptor
constexpr std::size_t kRoom = 4;                            // times the length of a block that grows

} // namespace

Superslabs::Claim Superslabs::claim(std::size_t pages) {
    const std::size_t total = window.end_page / kPagesPerSuperslab;
    const os::Guard guard(mutex_);
    std::size_t needed = (pages + kPagesPerSuperslab - 1) / kPagesPerSuperslab;
    if (needed == 1) {
        if (const std::size_t again = map_.reclaim(); again != 0) return {again, again + 1, again + 1};
    } else if (map_.opened() == claimed_) {
        needed -= std::min(map_.free_superslabs_at_end(), needed - 1); // the run can start there
    }
    const std::size_t begin = std::max<std::size_t>(claimed_, window.first_page / kPagesPerSuperslab);
    if (needed > total - begin) return {begin, begin, begin};
    const std::size_t have = committed_.load(std::memory_order_relaxed);
    const std::size_t step = std::clamp<std::size_t>(have / 8, 1, kMaxCommitStep);
    claimed_ = begin + std::min(std::max(needed, step), total - begin);
    return {begin, begin + needed, claimed_};
}

void Superslabs::publish(std::size_t begin, std::size_t end) {
    const os::Guard guard(mutex_);
    map_.open(begin, end);
    committed_.fetch_add(end - begin, std::memory_order_relaxed);
}

void Superslabs::abandon(std::size_t begin, std::size_t end) {
    const os::Guard guard(mutex_);
    if (claimed_ == end) {
        claimed_ = begin;
    } else {
        map_.set_aside(begin, std::min(end, map_.opened()));
    }
}

bool Superslabs::grow(std::size_t pages) {
    const Claim claimed = claim(pages);
    if (claimed.begin == claimed.end) return false;
    bool described = false;
    {
        const os::Guard guard(tables_mutex_);
        described = window.superslab_states.grow_to(PageMap::bytes_for(claimed.end)) &&
                    window.commit_page_tables(first_page_of(claimed.end)) &&
                    metadata_pool.set_aside(claimed.end * kPagesPerSuperslab * kMaxBitmapBytes);
    }
    char* const start = window.address_of(first_page_of(claimed.begin));
    const auto commit_to = [&](std::size_t end) {
        return described && os::commit(start, (end - claimed.begin) * kSuperslabSize);
    };
    const std::size_t end = commit_to(claimed.end)      ? claimed.end
                            : commit_to(claimed.enough) ? claimed.enough
                                                        : claimed.begin;
    if (end != claimed.begin) publish(claimed.begin, end);
    if (end != claimed.end) abandon(end, claimed.end);
    return end != claimed.begin;
}

Run Superslabs::take_locked(Page first, std::size_t pages) {
    const Run run = map_.take(first, pages);
    budget_.note_in_use(pages_in_use());
    return run;
}

Run Superslabs::take_locked(Page first, std::size_t pages, std::size_t filled, MovePlan& plan) {
    plan.count = map_.plan_moves(static_cast<Page>(first + filled), pages - filled, plan.moves.data(),
                                 MovePlan::kMost);
    return take_locked(first, pages);
}

// `take(first)` takes the run that was found, under the lock.
template <typename Take>
Run Superslabs::take_or_grow(std::size_t pages, PageMap::Fit fit, Take take) {
    for (;;) {
        {
            const os::Guard guard(mutex_);
            if (const Page found = map_.find(pages, fit); found != 0) return take(found);
        }
        // Memory that is only dirty counts against the same limits.
        if (!grow(pages) && (purge_all() == 0 || !grow(pages))) return {};
    }
}

Run Superslabs::take_for_slab(unsigned pages) {
    const Run run =
        take_or_grow(pages, PageMap::Fit::kAligned, [&](Page found) { return take_locked(found, pages); });
    if (run.zero) purge_excess();
    return run;
}

Run Superslabs::take(std::size_t pages, Want want) {
    MovePlan plan;
    const Run run = take_or_grow(pages, PageMap::Fit::kAnywhere, [&](Page found) {
        return want == Want::kWarm ? take_locked(found, pages, 0, plan) : take_locked(found, pages);
    });
    return warm(run, plan);
}

Run Superslabs::take_with_room(std::size_t pages, std::size_t filled) {
    MovePlan plan;
    Run run;
    if (pages < kPagesPerSuperslab) {
        const os::Guard guard(mutex_);
        const std::size_t room = std::min<std::size_t>(pages * kRoom, kPagesPerSuperslab);
        const Page found = map_.find(room, PageMap::Fit::kAnywhere);
        if (found != 0) run = take_locked(found, pages, filled, plan);
    }
    if (run.first == 0) {
        run = take_or_grow(pages, PageMap::Fit::kAnywhere,
                           [&](Page found) { return take_locked(found, pages, filled, plan); });
    }
    return warm(run, plan);
}

Run Superslabs::take_at(Page first, std::size_t pages) {
    if (first + pages > window.end_page) return {};
    MovePlan plan;
    std::size_t missing = 0; // pages of the run that lie behind the heap's end
    const auto take_now = [&] {
        return map_.all_free(first, pages) ? take_locked(first, pages, 0, plan) : Run{};
    };
    Run run;
    {
        const os::Guard guard(mutex_);
        run = take_now();
        const std::size_t end = map_.opened() * kPagesPerSuperslab;
        if (run.first == 0 && claimed_ == map_.opened() && first + pages > end &&
            (first == end || (first < end && map_.all_free(first, end - first)))) {
            missing = first + pages - end;
        }
    }
    if (missing != 0 && grow(missing)) {
        const os::Guard guard(mutex_);
        run = take_now();
    }
    return warm(run, plan);
}

Run Superslabs::warm(Run run, const MovePlan& plan) {
    bool whole = true;
    for (unsigned i = 0; i < plan.count; ++i) {
        run.zero = false;
        whole = carry_out(plan.moves[i]) && whole;
    }
    if (run.zero) purge_excess();
    return whole ? run : Run{}; // what is left of it is nobody's
}

// False if the place to move to was lost.
bool Superslabs::carry_out(const PageMap::Move& move) {
    char* const from = window.address_of(move.from);
    const std::size_t size = move.pages * kPageSize;
    const os::Move result = os::move_pages(from, window.address_of(move.to), size);
    const bool moved = result == os::Move::kDone;
    const bool renewed = moved && move.displaced && os::renew(from, size);
    const os::Guard guard(mutex_);
    map_.put_back(move, moved, renewed);
    return result != os::Move::kLost;
}

os::Move Superslabs::move(Page from, Page to, std::size_t pages) {
    {
        const os::Guard guard(mutex_);
        if (!map_.may_displace()) return os::Move::kRefused;
    }
    const os::Move result = os::move_pages(window.address_of(from), window.address_of(to), pages * kPageSize);
    if (result == os::Move::kDone) {
        const os::Guard guard(mutex_);
        map_.set_displaced(to, pages, true);
    }
    return result;
}

void Superslabs::give(Page first, std::size_t pages) {
    {
        const os::Guard guard(mutex_);
        map_.give(first, pages, true);
    }
    purge_excess();
    purge_aged();
}

void Superslabs::give_clean(Page first, std::size_t pages) {
    bool displaced = false;
    {
        const os::Guard guard(mutex_);
        displaced = map_.any_displaced(first, pages);
    }
    const bool renewed = displaced && os::renew(window.address_of(first), pages * kPageSize);
    const os::Guard guard(mutex_);
    if (renewed) map_.set_displaced(first, pages, false);
    map_.give(first, pages, false);
}

void Superslabs::purge_excess() {
    const std::size_t dirty = dirty_pages();
    const std::size_t floor = os::settings.dirty_limit.load(std::memory_order_relaxed) / kPageSize;
    const std::size_t allowed = budget_.allowed(pages_in_use(), floor);
    if (dirty > allowed) purge(PageMap::Which::kAll, dirty - allowed / 4 * 3);
}

// Purges up to about `most` pages, from the highest superslab down; returns how many it did.
std::size_t Superslabs::purge(PageMap::Which which, std::size_t most) {
    std::size_t purged = 0;
    std::size_t below = ~std::size_t{0};
    while (purged < most) {
        PageMap::Piece piece{};
        {
            const os::Guard guard(mutex_);
            piece = map_.take_dirty(which, below);
        }
        if (piece.pages == 0) break;
        below = piece.superslab;
        PageMask refused = 0;
        for (PageMask rest = piece.pages; rest != 0;) {
            const auto first = static_cast<unsigned>(std::countr_zero(rest));
            const auto pages = static_cast<unsigned>(std::countr_one(rest >> first));
            const PageMask run = run_mask(first, pages);
            rest &= ~run;
            void* const start = window.address_of(first_page_of(piece.superslab) + first);
            const std::size_t size = pages * kPageSize;
            const bool displaced = (piece.displaced & run) != 0;
            if (displaced ? os::renew(start, size) : os::purge(start, size)) {
                purged += pages;
            } else {
                refused |= run;
            }
        }
        const os::Guard guard(mutex_);
        map_.put_back(piece, refused);
    }
    return purged;
}

std::size_t Superslabs::purge_all() {
    return purge(PageMap::Which::kAll, ~std::size_t{0}) * kPageSize;
}

void Superslabs::purge_aged() {
    const std::uint64_t now = os::coarse_milliseconds();
    std::uint64_t due = next_look_.load(std::memory_order_relaxed);
    if (now < due) return;
    const std::uint64_t next = now + os::settings.purge_delay_ms.load(std::memory_order_relaxed);
    if (!next_look_.compare_exchange_strong(due, next, std::memory_order_relaxed)) return;
    purge(PageMap::Which::kAged, ~std::size_t{0});
    const os::Guard guard(mutex_);
    budget_.forget(pages_in_use());
    map_.age();
}

} // namespace ashlar::layout
