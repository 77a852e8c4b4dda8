// SPDX-License-Identifier: MIT
#include "layout/superslab.h"

#include "layout/metadata_pool.h"
#include "os/clock.h"
#include "os/config.h"
#include "os/edition.h"
#include "os/huge_pages.h"

#include <algorithm>
#include <bit>

namespace ashlar::layout {

constinit Superslabs superslabs;

namespace {

constexpr std::size_t kMaxCommitStep = 32;                  // superslabs, 64 MiB
constexpr std::size_t kMaxBitmapBytes = kMaxSlabBlocks / 8; // of a page's slab, outside of its descriptor
constexpr std::size_t kMostAtOnce = 1024; // aged pages, 64 MiB, that somebody has to wait for
constexpr std::size_t kRoom = 4;          // times the length of a block that grows

// A heap that is large, in superslabs, and well filled: so many eighths of it are in use.
constexpr std::size_t kLargeHeap = 128;
constexpr std::size_t kWellFilled = 7;

// With one node there is nothing to tell apart.
os::Node told_apart(os::Node node) {
    return os::nodes() == 1 ? kAnyNode : node;
}

} // namespace

bool Superslabs::wants_huge_pages() const {
    const os::HugePages policy = os::settings.huge_pages_now();
    if (policy == os::HugePages::kNever) return false;
    const std::size_t have = committed_.load(std::memory_order_relaxed);
    const bool filled = pages_in_use() >= have * kPagesPerSuperslab / 8 * kWellFilled;
    return (policy == os::HugePages::kAlways || (have >= kLargeHeap && filled)) && os::huge_pages_allowed();
}

// Pages of a new mapping: those of the window as such are small, wherever they are touched first.
void Superslabs::advise(Page first, std::size_t pages, os::Node node, bool huge) const {
    void* const start = window.address_of(first);
    if (huge) os::advise_huge_pages(start, pages * kPageSize);
    if (os::settings.numa_now() == os::Numa::kBind) os::prefer_node(start, pages * kPageSize, node);
}

// Opens superslabs behind the last one, so that a run of `pages` fits there, or one that was withdrawn.
// `seen` is what the caller saw of map_.openings(): if there were more, it should look again first. A long
// run may begin in superslabs of the node `beginning`; those that are opened are of `node`.
Superslabs::Growth Superslabs::grow(std::size_t pages, std::size_t seen, os::Node beginning, os::Node node) {
    const os::Guard growing(growth_mutex_);
    std::size_t needed = (pages + kPagesPerSuperslab - 1) / kPagesPerSuperslab;
    std::size_t begin = window.first_page / kPagesPerSuperslab;
    std::size_t room = 0;
    std::size_t again = 0;
    {
        const os::Guard guard(mutex_);
        if (map_.openings() != seen) return Growth::kDone;
        begin = std::max(begin, map_.opened());
        room = window.end_page / kPagesPerSuperslab - begin;
        if (pages > kPagesPerSuperslab) { // the run can start with the last ones
            needed -= std::min(map_.free_superslabs_at_end(beginning), needed - 1);
        }
        // Where there is no room, those set aside may make up for it, one by one.
        if (pages <= kPagesPerSuperslab || needed > room) again = map_.reclaim();
    }
    if (again != 0) {
        begin = again;
        needed = 1;
    } else if (needed > room) {
        return Growth::kNoRoom;
    }
    const auto commit = [&](std::size_t more) {
        const std::size_t end = begin + more;
        return window.superslab_states.grow_to(PageMap::bytes_for(end)) &&
               window.commit_page_tables(first_page_of(end)) &&
               metadata_pool.set_aside(end * kPagesPerSuperslab * kMaxBitmapBytes) &&
               os::commit(window.address_of(first_page_of(begin)), more * kSuperslabSize);
    };
    const std::size_t eager =
        std::min({committed_.load(std::memory_order_relaxed) / 8, kMaxCommitStep, room});
    std::size_t added = again != 0 ? 1 : std::max(needed, eager);
    bool done = commit(added);
    if (!done && added > needed) {
        added = needed;
        done = commit(added);
    }
    const bool huge = done && wants_huge_pages();
    if (done) advise(first_page_of(begin), added * kPagesPerSuperslab, node, huge);
    const os::Guard guard(mutex_);
    if (!done) {
        if (again != 0) map_.set_aside(again);
        return Growth::kRefused;
    }
    map_.open(begin, begin + added, node);
    map_.set_huge(begin, begin + added, huge);
    committed_.fetch_add(added, std::memory_order_relaxed);
    return Growth::kDone;
}

Run Superslabs::take_locked(Page first, std::size_t pages) {
    const Run run = map_.take(first, pages);
    budget_.note_in_use(present_pages());
    return run;
}

Run Superslabs::take_locked(Page first, std::size_t pages, std::size_t filled, MovePlan& plan) {
    plan.count = map_.plan_moves(first, pages, filled, plan.moves.data(), MovePlan::kMost);
    return take_locked(first, pages);
}

// `take(first)` takes the run that was found, under the lock.
template <typename Take>
Run Superslabs::take_or_grow(std::size_t pages, PageMap::Fit fit, os::Node node, Take take) {
    os::Node wanted = told_apart(node);
    for (bool withdrawn = false;;) {
        std::size_t openings = 0;
        {
            const os::Guard guard(mutex_);
            if (const Page found = map_.find(pages, fit, wanted); found != 0) return take(found);
            openings = map_.openings();
        }
        const Growth growth = grow(pages, openings, wanted, node);
        if (growth == Growth::kDone) continue;
        if (wanted != kAnyNode) {
            wanted = kAnyNode;
            continue;
        }
        // Free memory elsewhere counts against the same limits.
        if (growth == Growth::kNoRoom || withdrawn || withdraw_all() == 0) return {};
        withdrawn = true;
    }
}

Run Superslabs::take_for_slab(unsigned pages, os::Node node) {
    const Run run = take_or_grow(pages, PageMap::Fit::kAligned, node,
                                 [&](Page found) { return take_locked(found, pages); });
    if constexpr (os::kHardened) {
        if (run.first != 0) raise_fence(run.first / kPagesPerSuperslab);
    }
    if (run.zero) purge_excess();
    return run;
}

Run Superslabs::take(std::size_t pages, Want want, os::Node node) {
    MovePlan plan;
    const Run run = take_or_grow(pages, PageMap::Fit::kAnywhere, node, [&](Page found) {
        return want == Want::kWarm ? take_locked(found, pages, 0, plan) : take_locked(found, pages);
    });
    return warm(run, plan);
}

Run Superslabs::take_with_room(std::size_t pages, std::size_t filled, os::Node node) {
    MovePlan plan;
    Run run;
    if (pages < kPagesPerSuperslab) {
        const os::Guard guard(mutex_);
        const std::size_t room = std::min<std::size_t>(pages * kRoom, kPagesPerSuperslab);
        const Page found = map_.find(room, PageMap::Fit::kAnywhere, told_apart(node));
        if (found != 0) run = take_locked(found, pages, filled, plan);
    }
    if (run.first == 0) {
        run = take_or_grow(pages, PageMap::Fit::kAnywhere, node,
                           [&](Page found) { return take_locked(found, pages, filled, plan); });
    }
    return warm(run, plan);
}

Run Superslabs::take_at(Page first, std::size_t pages) {
    if (first + pages > window.end_page) return {};
    MovePlan plan;
    std::size_t openings = 0;
    std::size_t missing = 0; // pages of a run from the free superslabs at the heap's end to the run's
    const auto take_now = [&] {
        return map_.all_free(first, pages) ? take_locked(first, pages, 0, plan) : Run{};
    };
    Run run;
    {
        const os::Guard guard(mutex_);
        run = take_now();
        openings = map_.openings();
        const std::size_t end = map_.opened() * kPagesPerSuperslab;
        if (run.first == 0 && first + pages > end &&
            (first == end || (first < end && map_.all_free(first, end - first)))) {
            missing = first + pages - end + map_.free_superslabs_at_end(kAnyNode) * kPagesPerSuperslab;
        }
    }
    if (missing != 0 &&
        grow(missing, openings, kAnyNode, node_of(static_cast<Page>(first - 1))) == Growth::kDone) {
        const os::Guard guard(mutex_);
        run = take_now();
    }
    return warm(run, plan);
}

Run Superslabs::warm(Run run, const MovePlan& plan) {
    // For large blocks only: a program that makes none may be in a sandbox that ends it when it opens a file,
    // and what its slabs leave dirty does not make it larger than it was.
    limit_.note_size(committed());
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
    const os::Change result = os::move_pages(from, window.address_of(move.to), size);
    const bool moved = result == os::Change::kDone;
    const os::Change renewed = moved && move.renew ? renew(move.from, move.pages) : os::Change::kRefused;
    const os::Guard guard(mutex_);
    if (renewed == os::Change::kLost) {
        map_.set_displaced(move.to, move.pages, true); // and nobody gets the place it came from
    } else {
        map_.put_back(move, moved, renewed == os::Change::kDone);
    }
    return result != os::Change::kLost;
}

os::Change Superslabs::move(Page from, Page to, std::size_t pages) {
    {
        // What lies in several mappings can be moved in part before the kernel refuses, and the rest is lost.
        const os::Guard guard(mutex_);
        if (!map_.may_displace() || map_.any_displaced(from, pages)) return os::Change::kRefused;
    }
    const os::Change result =
        os::move_pages(window.address_of(from), window.address_of(to), pages * kPageSize);
    if (result == os::Change::kDone) {
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
    if constexpr (os::kHardened) drop_lone_fences(first, pages);
    purge_excess();
}

void Superslabs::give_clean(Page first, std::size_t pages) {
    bool displaced = false;
    {
        const os::Guard guard(mutex_);
        displaced = map_.any_displaced(first, pages);
    }
    const os::Change renewed = displaced ? renew(first, pages) : os::Change::kRefused;
    if (renewed == os::Change::kLost) return;
    {
        const os::Guard guard(mutex_);
        if (renewed == os::Change::kDone) map_.set_displaced(first, pages, false);
        map_.give(first, pages, false);
    }
    if constexpr (os::kHardened) drop_lone_fences(first, pages);
}

// What is absent is counted a moment before or after the page itself is taken or given.
std::size_t Superslabs::present_pages() const {
    const std::size_t in_use = pages_in_use();
    const auto absent = static_cast<std::size_t>(std::max<std::ptrdiff_t>(absent_bytes(), 0)) / kPageSize;
    return in_use - std::min(in_use, absent);
}

void Superslabs::purge_excess() {
    const std::size_t dirty = dirty_pages();
    const std::size_t floor = os::settings.dirty_limit.load(std::memory_order_relaxed) / kPageSize;
    const std::size_t allowed = budget_.allowed(present_pages(), floor, limit_.bytes() / kPageSize);
    if (dirty > allowed) purge(PageMap::Which::kExcess, dirty - allowed);
}

os::Node Superslabs::node_of(Page page) {
    if (os::nodes() == 1) return 0;
    const os::Guard guard(mutex_);
    return map_.node_of(page / kPagesPerSuperslab);
}

bool Superslabs::is_huge(Page page) {
    if (os::settings.huge_pages_now() == os::HugePages::kNever) return false;
    const os::Guard guard(mutex_);
    return map_.is_huge(page / kPagesPerSuperslab);
}

// The new mapping has none of the advice that the window was given.
os::Change Superslabs::renew(Page first, std::size_t pages) {
    char* const start = window.address_of(first);
    const os::Change result = os::renew(start, pages * kPageSize);
    if (result == os::Change::kDone) {
        os::advise_small_pages(start, pages * kPageSize);
        advise(first, pages, node_of(first), is_huge(first));
    }
    return result;
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
            const Page start = first_page_of(piece.superslab) + first;
            if (!os::purge(window.address_of(start), pages * kPageSize)) {
                refused |= run;
                continue;
            }
            purged += pages;
            if ((piece.displaced & run) == 0) continue;
            const os::Change renewed = renew(start, pages);
            if (renewed != os::Change::kDone) piece.displaced &= ~run;
            if (renewed == os::Change::kLost) piece.pages &= ~run;
        }
        const os::Guard guard(mutex_);
        map_.put_back(piece, refused);
        if (refused != 0) break; // locked memory, for one: the rest would be refused too
    }
    return purged;
}

std::size_t Superslabs::purge_all() {
    return purge(PageMap::Which::kAll, ~std::size_t{0}) * kPageSize;
}

std::size_t Superslabs::withdraw_all() {
    std::size_t withdrawn = 0;
    for (std::size_t below = ~std::size_t{0};;) {
        PageMap::Piece piece{};
        {
            const os::Guard guard(mutex_);
            piece = map_.take_superslab(below);
        }
        if (piece.superslab == 0) break;
        below = piece.superslab;
        char* const start = window.address_of(first_page_of(piece.superslab));
        const os::Change result = os::decommit(start, kSuperslabSize);
        if (result == os::Change::kDone) os::advise_small_pages(start, kSuperslabSize);
        const os::Guard guard(mutex_);
        if (result == os::Change::kRefused) {
            map_.give_back(piece);
            continue;
        }
        if (result == os::Change::kDone) map_.set_aside(piece);
        committed_.fetch_sub(1, std::memory_order_relaxed);
        ++withdrawn;
    }
    return withdrawn * kSuperslabSize + purge_all();
}

void Superslabs::purge_aged() {
    limit_.note_time(os::coarse_milliseconds());
    purge(PageMap::Which::kAged, kMostAtOnce + dirty_pages() / 8);
    const os::Guard guard(mutex_);
    budget_.forget(present_pages());
    map_.age();
}

} // namespace ashlar::layout
