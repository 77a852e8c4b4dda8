// SPDX-License-Identifier: MIT
#include "layout/superslab.h"

#include "layout/metadata_pool.h"
#include "os/clock.h"
#include "os/config.h"
#include "os/counters.h"
#include "os/edition.h"
#include "os/huge_pages.h"
#include "os/marking.h"
#include "os/page_attributes.h"
#include "os/page_locks.h"
#include "os/probe.h"

#include <algorithm>
#include <bit>

namespace ashlar::layout {

constinit Superslabs superslabs;

namespace {

constexpr std::size_t kMostAhead = 8;     // superslabs, 16 MiB, opened before they are needed
constexpr std::size_t kBitmapBytes = 512; // of a page's slab of the smallest blocks, set aside
constexpr std::size_t kMostAtOnce = 1024; // aged pages, 64 MiB, that somebody has to wait for
constexpr std::size_t kRoom = 4;          // times the length of a block that grows
constexpr std::size_t kMostInVain = 16;   // superslabs in a row that refuse to be purged
constexpr std::size_t kSmallBlock = 1024; // a page of such blocks belongs to many

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

// Pages of a new mapping: small ones, wherever they are touched first, also on a system that gives huge pages
// unasked.
void Superslabs::advise(Page first, std::size_t pages, os::Node node, bool huge) const {
    void* const start = window.address_of(first);
    if (huge) {
        os::advise_huge_pages(start, pages * kPageSize);
    } else {
        os::advise_small_pages(start, pages * kPageSize);
    }
    if (os::settings.numa_now() == os::Numa::kBind) os::prefer_node(start, pages * kPageSize, node);
}

// What the heap must know of the superslabs below `end`, of which so many are open.
bool Superslabs::grow_tables(std::size_t end, std::size_t open) {
    return window.superslab_states.grow_to(PageMap::bytes_for(end)) &&
           window.grow_page_tables(first_page_of(end)) &&
           metadata_pool.set_aside(open * kPagesPerSuperslab * kBitmapBytes);
}

// Maps superslabs from `begin` on: at least `least` and at most `most`. Fewer are followed by a stranger.
Superslabs::Opening Superslabs::map_superslabs(std::size_t begin, std::size_t least, std::size_t most) {
    const auto map = [&](std::size_t first, std::size_t count) {
        return os::open_pages(window.address_of(first_page_of(first)), count * kSuperslabSize, window.hold);
    };
    os::Opened result{};
    for (const std::size_t count : {most, least}) {
        result = map(begin, count);
        if (result == os::Opened::kDone) return {count, result};
    }
    std::size_t before = 0;
    if (result == os::Opened::kOccupied) {
        while (before < least && map(begin + before, 1) == os::Opened::kDone)
            ++before;
    }
    return {before, result};
}

// Under a limit on address space what the heap wastes is lost to the program: up to an eighth of a slab, and
// of large blocks the rest of a page or of a superslab. The fallback wastes next to nothing. So the heap does
// not grow for large blocks there, and to an eighth of the limit for slabs, which loses 16 MiB of each GiB.
bool Superslabs::may_grow(PageMap::Fit fit) const {
    constexpr std::size_t kShareOfLimit = 8;
    constexpr std::size_t kUnasked = 64; // superslabs, 128 MiB: most heaps of slabs alone stay below
    const std::size_t open = committed_.load(std::memory_order_relaxed);
    if (window.hold == os::Hold::kReserved) return true; // the addresses count already
    if (fit == PageMap::Fit::kAligned && open < kUnasked) return true;
    const std::size_t limit = os::address_space_limit();
    if (limit == os::kNoLimit) return true;
    return fit == PageMap::Fit::kAligned && open < limit / kShareOfLimit / kSuperslabSize;
}

// Opens superslabs behind the last one, so that a run of `pages` fits there, or one that was withdrawn.
// `seen` is what the caller saw of map_.openings(): if there were more, it should look again first. A long
// run may begin in superslabs of the node `beginning`; those that are opened are of `node`. After a
// stranger's mapping was met the caller should look again, too: growth goes on behind it.
Superslabs::Growth Superslabs::grow(std::size_t pages, PageMap::Fit fit, std::size_t seen, os::Node beginning,
                                    os::Node node) {
    const os::Guard growing(growth_mutex_);
    RefusedRequests& refused = refused_[static_cast<std::size_t>(fit)];
    std::size_t needed = (pages + kPagesPerSuperslab - 1) / kPagesPerSuperslab;
    // For more than a superslab, withdrawing others may make room.
    if (needed == 1 && refused.leave_out()) return Growth::kNoRoom;
    if (!may_grow(fit)) {
        refused.note_refused();
        return Growth::kNoRoom;
    }
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
    const std::size_t open = committed_.load(std::memory_order_relaxed);
    std::size_t most = again != 0 ? 1 : std::max(needed, std::min({open / 8, kMostAhead, room}));
    if (most > needed && os::new_mappings_are_locked()) most = needed; // they would be filled at once
    Opening opening{.superslabs = 0, .result = os::Opened::kRefused};
    if (grow_tables(begin + needed, open + needed)) {
        opening = map_superslabs(begin, needed, grow_tables(begin + most, open + most) ? most : needed);
    }
    if (opening.superslabs != 0) open_superslabs(begin, opening.superslabs, node);
    if (opening.result == os::Opened::kDone) {
        stride_ = 1;
        refused.forget();
        return Growth::kDone;
    }
    if (opening.result == os::Opened::kOccupied) {
        if (opening.superslabs != 0) stride_ = 1;
        return step_over(begin + opening.superslabs, again == 0 ? room - opening.superslabs : 0);
    }
    if (again != 0) {
        const os::Guard guard(mutex_);
        map_.set_aside(again);
    }
    refused.note_refused();
    return window.is_blocked() ? Growth::kNoRoom : Growth::kRefused;
}

void Superslabs::open_superslabs(std::size_t begin, std::size_t count, os::Node node) {
    const Page first = first_page_of(begin);
    const bool huge = wants_huge_pages();
    advise(first, count * kPagesPerSuperslab, node, huge);
    const os::Guard guard(mutex_);
    window.set_headers(first, count * kPagesPerSuperslab, kUnused);
    window.publish(first_page_of(begin + count));
    map_.open(begin, begin + count, node);
    map_.set_huge(begin, begin + count, huge);
    committed_.fetch_add(count, std::memory_order_relaxed);
    os::count(os::counters.growths);
    ASHLAR_PROBE2(grow, window.address_of(first), count * kSuperslabSize);
}

// The superslab is a stranger's. Of `room` superslabs from there on, growth leaves out one, and twice as many
// each time that the next is a stranger's, too. Without room it is one that was withdrawn: nobody gets it
// again.
Superslabs::Growth Superslabs::step_over(std::size_t superslab, std::size_t room) {
    const std::size_t end = superslab + std::min(stride_, room);
    if (!window.superslab_states.grow_to(PageMap::bytes_for(end))) return Growth::kRefused;
    if (room != 0) stride_ *= 2;
    const os::Guard guard(mutex_);
    map_.step_over(end);
    return Growth::kDone;
}

Run Superslabs::take_locked(Page first, std::size_t pages) {
    const std::size_t dirty = dirty_pages();
    const Run run = map_.take(first, pages);
    budget_.note_clean_taken(pages - (dirty - dirty_pages()));
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
        const Growth growth = grow(pages, fit, openings, wanted, node);
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
    if (missing != 0 && grow(missing, PageMap::Fit::kAnywhere, openings, kAnyNode,
                             node_of(static_cast<Page>(first - 1))) == Growth::kDone) {
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
    bool go_on = plan.count != 0 && may_move(plan.moves[plan.count - 1].from, plan.moves[0].to);
    for (unsigned i = 0; i < plan.count; ++i) {
        run.zero = false;
        const os::Change last = carry_out(plan.moves[i], go_on);
        go_on = go_on && last != os::Change::kRefused;
        whole = whole && last != os::Change::kLost;
    }
    if (run.zero) purge_excess();
    return whole ? run : Run{}; // what is left of it is nobody's
}

// What is locked stays in place: moving takes the lock off. After mlockall(MCL_CURRENT) the lower part of the
// heap is locked, so that the lowest pages of either side tell.
bool Superslabs::may_move(Page from, Page to) {
    const bool locked = os::any_locked(window.address_of(from), os::page_size()) ||
                        os::any_locked(window.address_of(to), os::page_size());
    return !locked || !os::locks_are_wanted();
}

// If it is not to be tried, the pages only stay where they are. Lost may be the place to move to.
os::Change Superslabs::carry_out(const PageMap::Move& move, bool try_it) {
    os::Change result = os::Change::kRefused;
    if (try_it) {
        result =
            os::move_pages(window.address_of(move.from), window.address_of(move.to), move.pages * kPageSize);
    }
    const bool moved = result == os::Change::kDone;
    if (result == os::Change::kSplit) advise(move.to, move.pages, node_of(move.to), is_huge(move.to));
    const os::Change renewed = moved && move.renew ? renew(move.from, move.pages) : os::Change::kRefused;
    const os::Guard guard(mutex_);
    if (renewed == os::Change::kLost) {
        map_.set_displaced(move.to, move.pages, true); // and nobody gets the place it came from
    } else {
        map_.put_back(move, moved, renewed == os::Change::kDone);
        if (result == os::Change::kSplit) map_.set_split(move.from, move.pages);
    }
    return result;
}

os::Change Superslabs::move(Page from, Page to, std::size_t pages) {
    {
        const os::Guard guard(mutex_);
        if (!map_.may_displace() || map_.any_displaced(from, pages)) return os::Change::kRefused;
    }
    // What lies in several mappings can be moved in part before the kernel refuses, and the rest is lost.
    const std::size_t size = pages * kPageSize;
    if (!os::is_one_mapping(window.address_of(from), size) || !may_move(from, to))
        return os::Change::kRefused;
    const os::Change result = os::move_pages(window.address_of(from), window.address_of(to), size);
    if (result == os::Change::kDone) {
        const os::Guard guard(mutex_);
        map_.set_displaced(to, pages, true);
    }
    return result == os::Change::kSplit ? os::Change::kRefused : result;
}

// Pages that no program changed as a whole. Those of a run were reset when it became free. A slab of small
// blocks has many owners.
PageMask Superslabs::usual_pages(std::size_t superslab) {
    PageMask usual = free_pages(superslab);
    for (unsigned page = 0; page < kPagesPerSuperslab; ++page) {
        const SizeClass c = window.header(first_page_of(superslab) + page).size_class();
        if (c != 0 && class_size(c) <= kSmallBlock) usual |= run_mask(page, 1);
    }
    return usual;
}

// The run and a usual page of the same superslab are one mapping: nobody changed the run. (Another thread may
// take a free page and change it in the same way at this moment. Then the run keeps what was done to it.)
bool Superslabs::is_like_neighbour(Page first, std::size_t pages) {
    const auto is_one_mapping = [](Page begin, Page end, std::size_t more) {
        return os::is_one_mapping_but_for_last_page(window.address_of(begin),
                                                    (end - begin) * kPageSize + more);
    };
    const auto end = static_cast<Page>(first + pages);
    const unsigned place = end % kPagesPerSuperslab; // the page asked about last is to be mapped
    if (os::page_size() == kPageSize || place == 0) return false;
    const PageMask usual = usual_pages(end / kPagesPerSuperslab);
    if (const PageMask behind = usual >> place; behind != 0)
        return is_one_mapping(first, end + static_cast<Page>(std::countr_zero(behind)) + 1, 0);
    const PageMask before = place > pages ? usual & run_mask(0, place - static_cast<unsigned>(pages)) : 0;
    if (before == 0) return false;
    const auto nearest = static_cast<Page>(std::bit_width(before)) - 1;
    return is_one_mapping(first_page_of(end / kPagesPerSuperslab) + nearest, end, os::page_size());
}

// Whether the lowest page of the heap belongs to a slab or is free, which no program changes as a whole.
// Large blocks that a program changed would be one mapping if there were no other pages. False of a run that
// begins there itself.
bool Superslabs::lowest_is_usual(Page first) {
    const PageHeader lowest = window.header(window.first_page);
    const bool in_slab = lowest.size_class() != 0 || lowest.shard() > kBusyFence.shard(); // or a mixed one
    return first != window.first_page && (in_slab || lowest == kUnused);
}

// The whole heap is one mapping.
bool Superslabs::is_like_all(Page first, std::size_t pages) const {
    const Page begin = window.first_page;
    const Page end = first_page_of(map_.opened());
    return map_.none_displaced() && lowest_is_usual(first) && first + pages < end &&
           os::is_one_mapping_but_for_last_page(window.address_of(begin), (end - begin) * kPageSize);
}

// Takes back what a program did to pages that nobody has now. False if they were lost. Where the kernel
// refuses all of it they are taken for accessible, as nearly all are.
bool Superslabs::reset(Page first, std::size_t pages) {
    if (is_like_neighbour(first, pages) || is_like_all(first, pages)) return true;
    if (!os::reset_attributes(window.address_of(first), pages * kPageSize))
        return renew(first, pages) != os::Change::kLost;
    os::mark_still_free(window.address_of(first), pages * kPageSize);
    const auto advise_size = is_huge(first) ? os::advise_huge_pages : os::advise_small_pages;
    advise_size(window.address_of(first), pages * kPageSize);
    return true;
}

void Superslabs::give(Page first, std::size_t pages) {
    if (!reset(first, pages)) return;
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
    if (renewed == os::Change::kRefused && !reset(first, pages)) return;
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
    if (purging_is_vain_.load(std::memory_order_relaxed)) return;
    const std::size_t dirty = dirty_pages();
    const std::size_t floor = os::settings.dirty_limit.load(std::memory_order_relaxed) / kPageSize;
    const std::size_t allowed = budget_.allowed(present_pages(), floor, limit_.bytes() / kPageSize);
    if (dirty <= allowed) return;
    const std::size_t purged = purge(PageMap::Which::kExcess, dirty - allowed);
    const os::Guard guard(mutex_);
    budget_.note_purged(purged);
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

// The new mapping has none of the advice that the superslab was given.
os::Change Superslabs::renew(Page first, std::size_t pages) {
    char* const start = window.address_of(first);
    const os::Change result = os::renew(start, pages * kPageSize);
    if (result == os::Change::kDone) advise(first, pages, node_of(first), is_huge(first));
    return result;
}

// Purges up to about `most` pages, from the highest superslab down; returns how many it did.
std::size_t Superslabs::purge(PageMap::Which which, std::size_t most) {
    std::size_t purged = 0;
    std::size_t in_vain = 0;
    std::size_t below = ~std::size_t{0};
    while (purged < most && in_vain < kMostInVain) {
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
        in_vain = refused == piece.pages ? in_vain + 1 : 0;
    }
    purging_is_vain_.store(purged == 0 && in_vain != 0, std::memory_order_relaxed);
    return purged;
}

PageMask Superslabs::free_pages(std::size_t superslab) {
    const os::Guard guard(mutex_);
    return map_.free_pages(superslab);
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
        const Page first = first_page_of(piece.superslab);
        window.set_headers(first, kPagesPerSuperslab, kNotOurs);
        const os::Change result = os::close_pages(window.address_of(first), kSuperslabSize, window.hold);
        const os::Guard guard(mutex_);
        if (result == os::Change::kRefused) {
            window.set_headers(first, kPagesPerSuperslab, kUnused);
            map_.give_back(piece);
            continue;
        }
        if (result == os::Change::kDone) map_.set_aside(piece);
        committed_.fetch_sub(1, std::memory_order_relaxed);
        ++withdrawn;
    }
    if (withdrawn != 0) {
        const os::Guard growing(growth_mutex_);
        for (RefusedRequests& refused : refused_)
            refused.forget();
        metadata_pool.ask_again();
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
