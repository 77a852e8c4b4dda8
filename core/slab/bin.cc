// SPDX-License-Identifier: MIT
#include "slab/bin.h"

#include "layout/superslab.h"
#include "os/page_memory.h"
#include "slab/misuse.h"

#include <algorithm>
#include <bit>

namespace ashlar::slab {

namespace {

// Free bytes above which a bin looks for unused pages.
constexpr std::size_t kLeastUnused = std::size_t{128} << 10;
constexpr unsigned kMostLooks = 4;

// Counts over all bins: pages counted as unused, and slabs in the two emptiest lists.
constinit std::atomic<std::size_t> unused_pages{0};
constinit std::atomic<std::size_t> mostly_free_slabs{0};

constexpr std::size_t kShareOfBin = 8; // a bin is worth a look if it has 1/8 of floor_in_slabs() free

} // namespace

// Forgets the slab's purged pages before they are used or dissolved, and returns their number.
std::size_t Bin::forget_purged(Slab& slab) {
    const std::uint64_t pages = slab.purged_pages();
    if (pages == 0) return 0;
    count_absent(pages, 0);
    slab.set_purged_pages(0);
    return static_cast<std::size_t>(std::popcount(pages));
}

// Writers hold the lock, readers do not.
void Bin::count_slabs(int change) {
    slabs_.store(slabs_.load(std::memory_order_relaxed) + static_cast<std::uint32_t>(change),
                 std::memory_order_relaxed);
}

// In each list, `previous` of the first slab is the last slab.
void Bin::put(Slab& slab, std::uint8_t place, End end) {
    slab.list = place;
    if (place >= kLists) return;
    if (place >= kMostlyFree) mostly_free_slabs.fetch_add(1, std::memory_order_relaxed);
    Slab*& first = lists_[place];
    slab.next = first;
    if (first == nullptr) {
        slab.previous = &slab;
        first = &slab;
    } else {
        slab.previous = first->previous;
        first->previous = &slab;
        if (end == End::kFront) {
            first = &slab;
        } else {
            slab.previous->next = &slab;
            slab.next = nullptr;
        }
    }
    if (slab.empty()) ++empty_slabs_;
}

void Bin::unlink(Slab& slab) {
    if (slab.list >= kLists) return;
    if (slab.list >= kMostlyFree) mostly_free_slabs.fetch_sub(1, std::memory_order_relaxed);
    Slab*& first = lists_[slab.list];
    Slab* const behind = slab.next != nullptr ? slab.next : first;
    behind->previous = slab.previous;
    if (&slab == first) {
        first = slab.next;
    } else {
        slab.previous->next = slab.next;
    }
}

void Bin::dissolve(Slab& slab, Deferred& deferred) {
    layout::window.set_headers(slab.first_slice(), slab.shape().slices, layout::kUnused);
    forget_unused(slab);
    forget_purged(slab);
    slab.finish();
    count_slabs(-1);
    slab.next = deferred.leaving;
    deferred.leaving = &slab;
}

// Called without the lock. Also finishes slabs that are deferred meanwhile.
std::size_t Bin::finish(Deferred& deferred) {
    std::size_t purged = 0;
    while (deferred.purging != nullptr) {
        Slab& slab = *deferred.purging;
        deferred.purging = slab.next;
        std::uint64_t pages = 0;
        {
            const os::Guard guard(mutex_);
            pages = slab.unused_pages(); // a slab that is being purged serves no blocks
        }
        if (pages != 0 && !layout::superslabs.break_up(slab.first_slice())) pages = 0;
        const std::uint64_t gone = purge_pages(slab.start_address(), pages, deferred.calls);
        purged += static_cast<std::size_t>(std::popcount(gone));
        const os::Guard guard(mutex_);
        count_absent(0, gone);
        slab.set_purged_pages(slab.purged_pages() | gone);
        if (pages != 0) leave_unused(slab, pages);
        slab.list = kFull; // not in any list yet
        relist(slab, deferred, pages != 0 ? End::kFront : End::kBack);
    }
    while (deferred.leaving != nullptr) {
        Slab& slab = *deferred.leaving;
        deferred.leaving = slab.next;
        layout::superslabs.give(slab.first_slice(), slab.shape().slices);
    }
    return purged;
}

std::size_t Bin::free_bytes(layout::SizeClass c) const {
    const layout::ClassShape& shape = layout::kShapes[c];
    const std::size_t blocks = slabs_.load(std::memory_order_relaxed) * std::size_t{shape.blocks};
    // Read without the lock, the counts may disagree.
    return (blocks - std::min(blocks, blocks_out())) * shape.size;
}

bool Bin::too_many_unused() {
    return unused_pages.load(std::memory_order_relaxed) * kSystemPageSize >
           layout::superslabs.allowed_unused();
}

bool Bin::many_mostly_free() {
    return mostly_free_slabs.load(std::memory_order_relaxed) * layout::kSliceSize >
           layout::superslabs.floor_in_slabs();
}

bool Bin::mostly_free(layout::SizeClass c, std::size_t size) const {
    const layout::ClassShape& shape = layout::kShapes[c];
    const std::size_t blocks = slabs_.load(std::memory_order_relaxed) * std::size_t{shape.blocks};
    return blocks_out() * 2 < blocks && blocks_out() * size < blocks * shape.size &&
           free_bytes(c) > layout::superslabs.floor_in_slabs() / kShareOfBin;
}

unsigned Bin::give_up_slabs(MixedSlabs& mixed, std::size_t size, unsigned most) {
    const os::Guard guard(mutex_);
    unsigned given = 0;
    unsigned looks = 0;
    for (unsigned list = kLists; list-- != kMostlyFree;) {
        for (Slab* slab = lists_[list]; slab != nullptr && given != most && looks != 2 * most; ++looks) {
            Slab* const next = slab->next;
            if (slab->mostly_left() && slab->has_gaps_of(size)) {
                const std::uint32_t in_use = slab->blocks() - slab->free_blocks();
                unlink(*slab);
                forget_unused(*slab);
                if (!mixed.adopt(*slab)) {
                    put(*slab, static_cast<std::uint8_t>(list));
                    return given;
                }
                count_slabs(-1);
                blocks_out_.store(blocks_out() - in_use, std::memory_order_relaxed);
                ++given;
            }
            slab = next;
        }
    }
    return given;
}

// Counts pages that became unused when `blocks` returned to a listed slab. Above the limit it purges a cold
// slab.
void Bin::note_unused(Slab& slab, void* const* blocks, std::uint32_t count, Deferred& deferred) {
    if (free_bytes(slab.size_class()) <= kLeastUnused) return;
    const std::uint32_t pages = slab.unused_pages_of(blocks, count);
    if (pages == 0 || os::page_size() != kSystemPageSize) return;
    slab.unused_counted = static_cast<std::uint8_t>(slab.unused_counted + pages);
    unused_pages.fetch_add(pages, std::memory_order_relaxed);
    if (!too_many_unused()) return;
    Slab& victim = coldest_unused(slab);
    if (!victim.empty()) start_purging(victim, deferred);
}

// Returns a slab with unused pages from the emptiest lists, which serve last. Returns `slab` if a few looks
// find none. Blocks that are reused soon lie in fuller slabs.
Slab& Bin::coldest_unused(Slab& slab) const {
    for (unsigned list = kLists; list-- != 0;) {
        unsigned looks = 0;
        for (Slab* other = lists_[list]; other != nullptr && looks < kMostLooks;
             other = other->next, ++looks) {
            if (other->unused_counted != 0 && !other->empty() && other != &slab) return *other;
        }
    }
    return slab;
}

// Counts unused pages that a step had no system calls left for.
void Bin::leave_unused(Slab& slab, std::uint64_t pages) {
    const auto count = static_cast<std::uint8_t>(std::popcount(pages));
    forget_unused(slab); // blocks may have returned meanwhile
    slab.unused_counted = count;
    unused_pages.fetch_add(count, std::memory_order_relaxed);
    slab.decayed = false;
}

// Stops counting the slab's unused pages before they are used or purged.
void Bin::forget_unused(Slab& slab) {
    if (slab.unused_counted == 0) return;
    unused_pages.fetch_sub(slab.unused_counted, std::memory_order_relaxed);
    slab.unused_counted = 0;
}

void Bin::start_purging(Slab& slab, Deferred& deferred) {
    unlink(slab);
    forget_unused(slab);
    slab.list = kPurging;
    slab.next = deferred.purging;
    deferred.purging = &slab;
}

// Makes the fullest slab with free blocks current. Returns null if there is none.
Slab* Bin::next_slab() {
    for (Slab* slab : lists_) {
        if (slab == nullptr) continue;
        unlink(*slab);
        if (slab->empty()) --empty_slabs_;
        put(*slab, kCurrent);
        forget_unused(*slab);
        if (const std::size_t pages = forget_purged(*slab); pages != 0)
            layout::superslabs.note_unused_needed(pages * kSystemPageSize);
        slab->decayed = false;
        slab->last_round = this_round();
        return slab;
    }
    return nullptr;
}

bool Bin::add_slab(layout::SizeClass c, layout::Shard owner) {
    const unsigned slices = layout::kShapes[c].slices;
    const std::optional<std::uint64_t*> bitmap = Slab::take_bitmap(c);
    if (!bitmap) return false;
    const layout::Slice first = layout::superslabs.take_for_slab(slices, node_).first;
    if (first == 0) {
        Slab::give_bitmap(c, *bitmap);
        return false;
    }
    Slab& slab = slab_at(first, c);
    slab.start(c, owner, first, *bitmap);
    const os::Guard guard(mutex_);
    layout::window.set_headers(first, slices, {c, owner});
    put(slab, kEmptiest);
    count_slabs(1);
    return true;
}

std::uint32_t Bin::take_locked(void** end, std::uint32_t count) {
    std::uint32_t taken = 0;
    for (;;) {
        if (current_ != nullptr) {
            taken += current_->take(end - taken, count - taken);
            if (taken == count || current_->free_blocks() != 0) break;
            put(*current_, kFull);
        }
        current_ = next_slab();
        if (current_ == nullptr) break;
    }
    blocks_out_.store(blocks_out() + taken, std::memory_order_relaxed);
    return taken;
}

void Bin::note_use() {
    last_round_ = this_round();
    decayed_ = false;
}

std::uint32_t Bin::take_free(void** end, std::uint32_t count) {
    const os::Guard guard(mutex_);
    note_use();
    return take_locked(end, count);
}

std::uint32_t Bin::take(layout::SizeClass c, layout::Shard owner, void** end, std::uint32_t count) {
    std::uint32_t taken = 0;
    do {
        taken = take_free(end, count);
    } while (taken == 0 && add_slab(c, owner));
    return taken;
}

bool Bin::relist(Slab& slab, Deferred& deferred, End end) {
    const std::uint32_t blocks = slab.blocks();
    const std::uint32_t quarters = slab.free_blocks() * 4;
    const auto place = static_cast<std::uint8_t>(
        (quarters > blocks ? 1 : 0) + (quarters > 2 * blocks ? 1 : 0) + (quarters > 3 * blocks ? 1 : 0));
    if (slab.empty() && empty_slabs_ != 0) {
        unlink(slab);
        dissolve(slab, deferred);
        return false;
    }
    if (slab.list != place) {
        unlink(slab);
        put(slab, place, end);
    } else if (slab.empty()) {
        ++empty_slabs_;
    }
    return true;
}

Bin::Progress Bin::give_locked(layout::SliceHeader expected, void* const* blocks, std::uint32_t count,
                               Deferred& deferred) {
    std::uint32_t i = 0;
    while (i < count) {
        const layout::Slice slice = layout::window.slice_of(blocks[i]);
        if (const layout::SliceHeader header = layout::window.header(slice); header != expected) {
            // Another header without mixing: the block was freed twice and its slab was dissolved in between.
            return {header == mixed_header(expected.shard()) ? Fault::kNone : Fault::kDoubleFree, i};
        }
        Slab& slab = slab_at(slice, expected.size_class());
        const auto [came, fault] = slab.give(blocks + i, count - i);
        i += came;
        blocks_out_.store(blocks_out() - came, std::memory_order_relaxed);
        if (fault != Fault::kNone) return {fault, i};
        slab.decayed = false;
        slab.last_round = this_round();
        if (slab.list == kCurrent || slab.list == kPurging) continue;
        if (relist(slab, deferred)) note_unused(slab, blocks + i - came, came, deferred);
    }
    return {Fault::kNone, i};
}

std::uint32_t Bin::give(layout::SliceHeader expected, void* const* blocks, std::uint32_t count) {
    Progress progress{};
    // No limit on system calls. A batch purges at most one slab for each slab that it has blocks of.
    Deferred deferred{.calls = ~0U};
    {
        const os::Guard guard(mutex_);
        note_use();
        progress = give_locked(expected, blocks, count, deferred);
    }
    if (deferred.any()) finish(deferred);
    if (progress.fault != Fault::kNone) report(progress.fault, blocks[progress.given], Found::kLater);
    return progress.given;
}

Room Bin::room_beside(layout::SliceHeader expected, const void* block) {
    const layout::Slice slice = layout::window.slice_of(block);
    const os::Guard guard(mutex_);
    if (layout::window.header(slice) != expected) return {0, 0};
    const Slab& slab = slab_at(slice, expected.size_class());
    const std::size_t left = std::size_t{slab.left_blocks()} * slab.shape().size;
    const std::size_t gone = static_cast<std::size_t>(std::popcount(slab.purged_pages())) * kSystemPageSize;
    return {left - std::min(left, gone), slab.blocks() - slab.free_blocks()};
}

} // namespace ashlar::slab
