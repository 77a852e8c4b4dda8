// SPDX-License-Identifier: MIT
//
// What a bin gives back after a round without use, or on request: see bin.h.
#include "layout/superslab.h"
#include "os/page_size.h"
#include "slab/bin.h"

namespace ashlar::slab {

namespace {

// Free bytes above which an unused bin looks for unused pages.
constexpr std::size_t kLeastIdle = std::size_t{64} << 10;
constexpr unsigned kMostTrimmed = 1024; // slabs per batch when a caller waits for the purge
constexpr unsigned kMostLookedAt = 512; // slabs per decay step

// Returns whether `last_round` is neither this round nor the one before.
bool is_long_ago(std::uint8_t last_round, std::uint8_t this_round) {
    return static_cast<std::uint8_t>(this_round - last_round) > 1;
}

} // namespace

constinit std::atomic<std::uint8_t> Bin::round{0};

void Bin::begin_round() {
    round.fetch_add(1, std::memory_order_relaxed);
}

void Bin::dissolve_empty(Deferred& deferred) {
    if (current_ != nullptr && current_->empty()) {
        dissolve(*current_, deferred);
        current_ = nullptr;
    }
    for (Slab* first : lists_) {
        for (Slab* slab = first; slab != nullptr;) {
            Slab* const next = slab->next;
            if (slab->empty()) {
                unlink(*slab);
                --empty_slabs_;
                dissolve(*slab, deferred);
            }
            slab = next;
        }
    }
}

void Bin::trim() {
    Deferred deferred;
    {
        const os::Guard guard(mutex_);
        dissolve_empty(deferred);
    }
    finish(deferred);
}

// Moves the current slab to the lists, where its unused pages are found.
void Bin::retire_current(Deferred& deferred) {
    if (current_ == nullptr || current_->free_blocks() == 0) return;
    Slab& slab = *current_;
    current_ = nullptr;
    slab.list = kFull; // not in any list yet
    relist(slab, deferred);
}

// Starts purging slabs with unused pages that were not used for a round, and returns their number.
unsigned Bin::choose_unused(Deferred& deferred) {
    unsigned looks = 0;
    unsigned chosen = 0;
    for (unsigned list = kLists; list-- != 0;) {
        for (Slab* slab = lists_[list]; slab != nullptr && looks < kMostLookedAt && chosen < deferred.calls;
             ++looks) {
            Slab* const next = slab->next;
            if (slab->unused_counted != 0 && !slab->empty() && is_long_ago(slab->last_round, this_round())) {
                start_purging(*slab, deferred);
                ++chosen;
            }
            slab = next;
        }
    }
    return chosen;
}

// Starts purging up to `most` slabs that may have unused pages; returns their number. No slab may be empty.
unsigned Bin::choose_undecayed(Deferred& deferred, unsigned most) {
    unsigned chosen = 0;
    for (Slab* const first : lists_) {
        for (Slab* slab = first; slab != nullptr && chosen < most;) {
            Slab* const next = slab->next;
            if (!slab->decayed) {
                slab->decayed = true;
                start_purging(*slab, deferred);
                ++chosen;
            }
            slab = next;
        }
    }
    return chosen;
}

std::size_t Bin::purge_unused() {
    if (os::page_size() != kSystemPageSize) return 0;
    std::size_t purged = 0;
    // Other threads may use the bin meanwhile and leave new unused pages, so the number of rounds is bounded.
    for (std::size_t rounds = slabs_.load(std::memory_order_relaxed) / kMostTrimmed + 1; rounds != 0;
         --rounds) {
        Deferred deferred{.calls = ~0U};
        bool more = false;
        {
            const os::Guard guard(mutex_);
            dissolve_empty(deferred);
            retire_current(deferred);
            more = choose_undecayed(deferred, kMostTrimmed) == kMostTrimmed;
        }
        purged += finish(deferred);
        if (!more) break;
    }
    return purged;
}

Bin::Decayed Bin::decay(layout::SizeClass c) {
    Deferred deferred;
    unsigned chosen = 0;
    Decayed result = Decayed::kUnused;
    {
        const os::Guard guard(mutex_);
        if (!is_long_ago(last_round_, this_round())) {
            result = Decayed::kUsed;
            chosen = choose_unused(deferred);
        } else if (!decayed_) {
            dissolve_empty(deferred);
            retire_current(deferred);
            if (free_bytes(c) > kLeastIdle && os::page_size() == kSystemPageSize)
                chosen = choose_undecayed(deferred, deferred.calls);
            decayed_ = chosen == 0;
        }
    }
    finish(deferred);
    return chosen != 0 ? Decayed::kUnfinished : result;
}

} // namespace ashlar::slab
