// SPDX-License-Identifier: MIT
#include "layout/superslab.h"

#include "os/config.h"
#include "os/edition.h"

#include <algorithm>

namespace ashlar::layout {

constinit Superslabs superslabs;

namespace {

constexpr std::size_t kRoom = 4; // times the length of a block that grows

// With one node there is nothing to tell apart.
os::Node told_apart(os::Node node) {
    return os::nodes() == 1 ? kAnyNode : node;
}

} // namespace

Run Superslabs::take_locked(Page first, std::size_t pages) {
    const std::size_t dirty = dirty_pages();
    const Run run = map_.take(first, pages);
    reserves_.note_clean_taken(pages - (dirty - dirty_pages()));
    reserves_.note_in_use(present_pages());
    if (const unsigned returned = returned_runs_.load(std::memory_order_relaxed);
        run.unchecked && returned != 0) {
        returned_runs_.store(returned - 1, std::memory_order_relaxed);
    }
    return run;
}

Run Superslabs::take_locked(Page first, std::size_t pages, std::size_t filled, MovePlan& plan) {
    if (plans_to_leave_out_ != 0) {
        --plans_to_leave_out_;
    } else {
        plan.count = map_.plan_moves(first, pages, filled, plan.moves.data(), MovePlan::kMost);
    }
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
    Run run = take_or_grow(pages, PageMap::Fit::kAligned, node,
                           [&](Page found) { return take_locked(found, pages); });
    if (run.unchecked && !take_back_changes(run.first, pages)) run = {};
    if constexpr (os::kHardened) {
        if (run.first != 0) raise_fence(run.first / kPagesPerSuperslab);
    }
    if (run.zero) note_excess();
    return run;
}

Run Superslabs::take(std::size_t pages, Want want, os::Node node) {
    MovePlan plan;
    const Run run = take_or_grow(pages, PageMap::Fit::kAnywhere, node, [&](Page found) {
        return want == Want::kWarm ? take_locked(found, pages, 0, plan) : take_locked(found, pages);
    });
    return warm(run, pages, plan);
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
    return warm(run, pages, plan);
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
                             node_of(static_cast<Page>(first - 1)), Where::kAtEnd) == Growth::kDone) {
        const os::Guard guard(mutex_);
        run = take_now();
    }
    return warm(run, pages, plan);
}

void Superslabs::set_unchecked_locked(Page first, std::size_t pages) {
    map_.set_unchecked(first, pages);
    returned_runs_.store(returned_runs_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void Superslabs::give(Page first, std::size_t pages) {
    take_off_locks(first, pages);
    const std::size_t purged = purge_end(first, pages);
    pages -= purged;
    if (purged != 0) give_clean(static_cast<Page>(first + pages), purged);
    {
        const os::Guard guard(mutex_);
        if (pages != 0) {
            map_.give(first, pages, true);
            set_unchecked_locked(first, pages);
        }
        note_excess(); // under the lock, where the cache lines that it reads are this core's
    }
    if constexpr (os::kHardened) drop_lone_fences(first, pages);
}

void Superslabs::give_clean(Page first, std::size_t pages) {
    take_off_locks(first, pages);
    give_clean(first, pages, Owner::kProgram);
}

void Superslabs::give_untouched(Page first, std::size_t pages, bool zero) {
    if (pages == 0) return;
    if (zero) return give_clean(first, pages, Owner::kNobody);
    const os::Guard guard(mutex_);
    map_.give(first, pages, true);
}

// `last`: whose the pages were last.
void Superslabs::give_clean(Page first, std::size_t pages, Owner last) {
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
        if (renewed != os::Change::kDone && last == Owner::kProgram) set_unchecked_locked(first, pages);
    }
    if constexpr (os::kHardened) drop_lone_fences(first, pages);
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

PageMask Superslabs::unchecked_pages(std::size_t superslab) {
    const os::Guard guard(mutex_);
    return map_.free_pages(superslab) & ~map_.known(superslab).usual;
}

PageMask Superslabs::free_pages(std::size_t superslab) {
    const os::Guard guard(mutex_);
    return map_.free_pages(superslab);
}

} // namespace ashlar::layout
