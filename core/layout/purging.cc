// SPDX-License-Identifier: MIT
//
// Which dirty pages are given back to the system, and when: see superslab.h.
#include "layout/superslab.h"
#include "os/clock.h"
#include "os/config.h"

#include <algorithm>
#include <bit>

namespace ashlar::layout {

namespace {

constexpr std::size_t kMostInVain = 16;  // pieces in a row that refuse to be purged
constexpr std::size_t kCallsToRenew = 3; // a mapping, and advice about huge pages and the node

constexpr std::size_t above(std::size_t value, std::size_t bound) {
    return value - std::min(value, bound);
}

} // namespace

// What is absent is counted a moment before or after the page itself is taken or given.
std::size_t Superslabs::present_pages() const {
    return above(pages_in_use(),
                 static_cast<std::size_t>(std::max<std::ptrdiff_t>(absent_bytes(), 0)) / kPageSize);
}

// With so many pages in use.
std::size_t Superslabs::allowed_dirty(std::size_t in_use) const {
    const std::size_t floor = os::settings.dirty_limit.load(std::memory_order_relaxed) / kPageSize;
    return reserves_.allowed_dirty(in_use, floor, limit_.bytes() / kPageSize);
}

std::size_t Superslabs::floor_in_slabs() const {
    return Reserves::floor_in_slabs(pages_in_use() * kPageSize,
                                    os::settings.dirty_limit.load(std::memory_order_relaxed));
}

std::size_t Superslabs::allowed_hollow() const {
    return reserves_.allowed_hollow(pages_in_use() * kPageSize,
                                    os::settings.dirty_limit.load(std::memory_order_relaxed));
}

std::size_t Superslabs::excess() const {
    if (purging_is_vain_.load(std::memory_order_relaxed)) return 0;
    return above(dirty_pages(), allowed_dirty(present_pages()));
}

std::size_t Superslabs::excess_over_limit() const {
    return above(dirty_pages(), Reserves::allowed_by_limit(present_pages(), limit_.bytes() / kPageSize));
}

void Superslabs::note_excess() {
    if (!purge_is_due() && excess() != 0) due_.store(true, std::memory_order_relaxed);
}

void Superslabs::purge_excess() {
    const std::size_t pages = excess();
    if (pages == 0) return;
    Page below = kTop;
    Step step{.pages = pages, .calls = kNoBounds.calls};
    const std::size_t purged = purge(PageMap::Which::kExcess, below, step);
    const os::Guard guard(mutex_);
    reserves_.note_purged(purged);
}

// Who notes that pages are due in the meantime is seen by the next step.
void Superslabs::purge_step() {
    due_.store(false, std::memory_order_relaxed);
    Step step = kStep;
    std::size_t purged = 0;
    if (excess() != 0) { // a whole step: one call for each page that exceeds the budget would cost more
        if (const std::size_t over = excess_over_limit(); over != 0)
            step = {.pages = std::max(over, step.pages), .calls = kNoBounds.calls};
        Page below = kTop;
        purged = purge(PageMap::Which::kExcess, below, step);
        const os::Guard guard(mutex_);
        reserves_.note_purged(purged);
        step.pages = above(kStep.pages, purged);
    }
    if (purge_aged(step) || (purged != 0 && excess() != 0)) due_.store(true, std::memory_order_relaxed);
}

// Purges what the step allows, from the page `below` down, and leaves in both what is left; returns how many
// pages it did.
std::size_t Superslabs::purge(PageMap::Which which, Page& below, Step& step) {
    std::size_t purged = 0;
    std::size_t in_vain = 0;
    while (step.pages != 0 && step.calls != 0 && in_vain < kMostInVain) {
        PageMap::Piece piece{};
        {
            const os::Guard guard(mutex_);
            const std::size_t most = std::min<std::size_t>(step.pages, kPagesPerSuperslab);
            piece = map_.take_dirty(which, below, static_cast<unsigned>(most));
            below = piece.pages == 0
                        ? 0
                        : first_page_of(piece.superslab) + static_cast<Page>(std::countr_zero(piece.pages));
        }
        if (piece.pages == 0) break;
        if (piece.pages != kAllPages) break_up_or_count(first_page_of(piece.superslab));
        PageMask refused = 0;
        for (PageMask rest = piece.pages; rest != 0;) { // several runs only where pages are huge
            const auto first = static_cast<unsigned>(std::countr_zero(rest));
            const auto pages = static_cast<unsigned>(std::countr_one(rest >> first));
            const PageMask run = run_mask(first, pages);
            rest &= ~run;
            step.calls = above(step.calls, 1);
            step.pages = above(step.pages, pages);
            const Page start = first_page_of(piece.superslab) + first;
            if (!os::purge(window.address_of(start), pages * kPageSize)) {
                refused |= run;
                continue;
            }
            purged += pages;
            if ((piece.displaced & run) == 0) continue;
            const bool can_renew = step.calls >= kCallsToRenew; // otherwise after their next use
            const os::Change renewed = can_renew ? renew(start, pages) : os::Change::kRefused;
            if (can_renew) step.calls -= kCallsToRenew;
            if (renewed != os::Change::kDone) piece.displaced &= ~run;
            if (renewed == os::Change::kLost) piece.pages &= ~run;
        }
        const os::Guard guard(mutex_);
        map_.put_back(piece, refused);
        in_vain = refused == piece.pages ? in_vain + 1 : 0;
    }
    if (purged != 0 || in_vain != 0) purging_is_vain_.store(purged == 0, std::memory_order_relaxed);
    return purged;
}

// Of a run that is about to be given, so many of its last pages were purged. They would exceed the budget by
// more than a step.
std::size_t Superslabs::purge_end(Page first, std::size_t pages) {
    if (pages <= kStep.pages || purging_is_vain_.load(std::memory_order_relaxed)) return 0;
    const std::size_t allowed = allowed_dirty(above(present_pages(), pages));
    const std::size_t purged = std::min(above(dirty_pages() + pages, allowed), pages);
    if (purged <= kStep.pages) return 0;
    const auto end = static_cast<Page>(first + pages);
    const auto start = static_cast<Page>(end - purged);
    if (!os::purge(window.address_of(start), purged * kPageSize)) return 0;
    if (start % kPagesPerSuperslab != 0) break_up_or_count(start);
    if (end % kPagesPerSuperslab != 0 && start / kPagesPerSuperslab != end / kPagesPerSuperslab)
        break_up_or_count(end);
    const os::Guard guard(mutex_);
    reserves_.note_purged(purged);
    return purged;
}

std::size_t Superslabs::purge_all() {
    Page below = kTop;
    Step step = kNoBounds;
    return purge(PageMap::Which::kAll, below, step) * kPageSize;
}

void Superslabs::start_purging_aged() {
    limit_.note_time(os::coarse_milliseconds());
    const os::Guard guard(mutex_);
    reserves_.forget(present_pages());
    if (!aging_) aged_below_ = kTop;
    aging_ = true;
    due_.store(true, std::memory_order_relaxed);
}

// True if there is more. What is dirty at the end of a sweep is for the next one.
bool Superslabs::purge_aged(Step step) {
    purge(PageMap::Which::kAged, aged_below_, step);
    const os::Guard guard(mutex_);
    if (aged_below_ != 0) return true;
    if (aging_) map_.age();
    aging_ = false;
    return false;
}

void Superslabs::purge_aged() {
    start_purging_aged();
    purge_excess();
    while (purge_aged(kNoBounds))
        ;
}

} // namespace ashlar::layout
