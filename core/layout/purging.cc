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

constexpr std::size_t kMostAtOnce = 1024; // aged pages, 64 MiB, that somebody has to wait for
constexpr std::size_t kMostInVain = 16;   // superslabs in a row that refuse to be purged

} // namespace

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

std::size_t Superslabs::purge_all() {
    return purge(PageMap::Which::kAll, ~std::size_t{0}) * kPageSize;
}

void Superslabs::purge_aged() {
    limit_.note_time(os::coarse_milliseconds());
    purge(PageMap::Which::kAged, kMostAtOnce + dirty_pages() / 8);
    const os::Guard guard(mutex_);
    budget_.forget(present_pages());
    map_.age();
}

} // namespace ashlar::layout
