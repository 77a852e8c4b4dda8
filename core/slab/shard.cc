// SPDX-License-Identifier: MIT
#include "slab/shard.h"

#include "layout/superslab.h"
#include "os/page_memory.h"
#include "slab/misuse.h"

#include <algorithm>
#include <bit>

namespace ashlar::slab {

namespace {

// Bytes free in a bin before it looks for hollow pages: while it is used, and when it is not.
constexpr std::size_t kLeastHollow = std::size_t{128} << 10;
constexpr std::size_t kLeastIdle = std::size_t{64} << 10;
constexpr unsigned kMostTrimmed = 1024; // slabs of a bin at a time, when somebody asked for it and waits
constexpr unsigned kMostLookedAt = 512; // slabs of a bin in one step
constexpr unsigned kMostLooks = 4;

// Of all bins: the system's pages that are counted as hollow, and the slabs in the last two lists.
constinit std::atomic<std::size_t> hollow_pages{0};
constinit std::atomic<std::size_t> mostly_free_slabs{0};

constexpr std::size_t kShareOfBin = 8; // of what may be free in slabs: that is worth a look

// The number of the decay round; only differences of a few count.
constinit std::atomic<std::uint8_t> round{0};
std::uint8_t this_round() {
    return round.load(std::memory_order_relaxed);
}
// Not in this round, nor in the one before.
bool is_long_ago(std::uint8_t last_round) {
    return static_cast<std::uint8_t>(this_round() - last_round) > 1;
}

} // namespace

void Bin::begin_round() {
    round.fetch_add(1, std::memory_order_relaxed);
}

// They are about to be used, or dissolved; how many they were.
std::size_t Bin::forget_purged(Slab& slab) {
    const std::uint64_t pages = slab.purged_pages();
    if (pages == 0) return 0;
    count_absent(pages, 0);
    slab.set_purged_pages(0);
    return static_cast<std::size_t>(std::popcount(pages));
}

// Only under the lock, but read without it.
void Bin::count_slabs(int change) {
    slabs_.store(slabs_.load(std::memory_order_relaxed) + static_cast<std::uint32_t>(change),
                 std::memory_order_relaxed);
}

// The first slab of a list has the last one before it.
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

void Bin::dissolve(Slab& slab, Chores& chores) {
    layout::window.set_headers(slab.first_page(), slab.shape().pages, layout::kUnused);
    forget_hollow(slab);
    forget_purged(slab);
    slab.finish();
    count_slabs(-1);
    slab.next = chores.leaving;
    chores.leaving = &slab;
}

// Without the lock; chores of the chores' own are done too.
std::size_t Bin::attend(Chores& chores) {
    std::size_t purged = 0;
    while (chores.purging != nullptr) {
        Slab& slab = *chores.purging;
        chores.purging = slab.next;
        std::uint64_t pages = 0;
        {
            const os::Guard guard(mutex_);
            pages = slab.hollow_pages(); // nobody is served from it
        }
        if (pages != 0 && !layout::superslabs.break_up(slab.first_page())) pages = 0;
        const std::uint64_t gone = purge_pages(slab.start_address(), pages, chores.calls);
        purged += static_cast<std::size_t>(std::popcount(gone));
        const os::Guard guard(mutex_);
        count_absent(0, gone);
        slab.set_purged_pages(slab.purged_pages() | gone);
        if (pages != 0) leave_hollow(slab, pages);
        slab.list = kFull; // for no list has it
        settle(slab, chores, pages != 0 ? End::kFront : End::kBack);
    }
    while (chores.leaving != nullptr) {
        Slab& slab = *chores.leaving;
        chores.leaving = slab.next;
        layout::superslabs.give(slab.first_page(), slab.shape().pages);
    }
    return purged;
}

std::size_t Bin::free_bytes(layout::SizeClass c) const {
    const layout::ClassShape& shape = layout::kShapes[c];
    const std::size_t blocks = slabs_.load(std::memory_order_relaxed) * std::size_t{shape.blocks};
    return (blocks - std::min(blocks, blocks_out())) * shape.size; // without the lock they may not agree
}

bool Bin::too_many_hollow() {
    return hollow_pages.load(std::memory_order_relaxed) * kSystemPageSize >
           layout::superslabs.allowed_hollow();
}

bool Bin::many_mostly_free() {
    return mostly_free_slabs.load(std::memory_order_relaxed) * layout::kPageSize >
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
                forget_hollow(*slab);
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

// Of the blocks that just came back to a slab in a list: counts the pages that are hollow now. When there are
// too many of them, those of this slab go.
void Bin::note_hollow(Slab& slab, void* const* blocks, std::uint32_t count, Chores& chores) {
    if (free_bytes(slab.size_class()) <= kLeastHollow) return;
    const std::uint32_t pages = slab.hollow_pages_of(blocks, count);
    if (pages == 0 || os::page_size() != kSystemPageSize) return;
    slab.hollow_counted = static_cast<std::uint8_t>(slab.hollow_counted + pages);
    hollow_pages.fetch_add(pages, std::memory_order_relaxed);
    if (!too_many_hollow()) return;
    Slab& victim = coldest_hollow(slab);
    if (!victim.empty()) start_purging(victim, chores);
}

// A slab with hollow pages, of the emptier ones, which serve last; this one if none is at hand. What comes
// and goes is in the fuller ones.
Slab& Bin::coldest_hollow(Slab& slab) const {
    for (unsigned list = kLists; list-- != 0;) {
        unsigned looks = 0;
        for (Slab* other = lists_[list]; other != nullptr && looks < kMostLooks;
             other = other->next, ++looks) {
            if (other->hollow_counted != 0 && !other->empty() && other != &slab) return *other;
        }
    }
    return slab;
}

// Those that a step had no calls for.
void Bin::leave_hollow(Slab& slab, std::uint64_t pages) {
    const auto count = static_cast<std::uint8_t>(std::popcount(pages));
    forget_hollow(slab); // blocks may have come back meanwhile
    slab.hollow_counted = count;
    hollow_pages.fetch_add(count, std::memory_order_relaxed);
    slab.tidied = false;
}

// They are about to be used, or purged.
void Bin::forget_hollow(Slab& slab) {
    if (slab.hollow_counted == 0) return;
    hollow_pages.fetch_sub(slab.hollow_counted, std::memory_order_relaxed);
    slab.hollow_counted = 0;
}

void Bin::start_purging(Slab& slab, Chores& chores) {
    unlink(slab);
    forget_hollow(slab);
    slab.list = kPurging;
    slab.next = chores.purging;
    chores.purging = &slab;
}

// The fullest that has free blocks.
Slab* Bin::next_slab() {
    for (Slab* slab : lists_) {
        if (slab == nullptr) continue;
        unlink(*slab);
        if (slab->empty()) --empty_slabs_;
        put(*slab, kCurrent);
        forget_hollow(*slab);
        if (const std::size_t pages = forget_purged(*slab); pages != 0)
            layout::superslabs.note_hollow_needed(pages * kSystemPageSize);
        slab->tidied = false;
        slab->last_round = this_round();
        return slab;
    }
    return nullptr;
}

bool Bin::add_slab(layout::SizeClass c, layout::Shard owner) {
    const unsigned pages = layout::kShapes[c].pages;
    const std::optional<std::uint64_t*> bitmap = Slab::take_bitmap(c);
    if (!bitmap) return false;
    const layout::Page first = layout::superslabs.take_for_slab(pages, node_).first;
    if (first == 0) {
        Slab::give_bitmap(c, *bitmap);
        return false;
    }
    Slab& slab = slab_at(first, c);
    slab.start(c, owner, first, *bitmap);
    const os::Guard guard(mutex_);
    layout::window.set_headers(first, pages, {c, owner});
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
    tidied_ = false;
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

bool Bin::settle(Slab& slab, Chores& chores, End end) {
    const std::uint32_t blocks = slab.blocks();
    const std::uint32_t quarters = slab.free_blocks() * 4;
    const auto place = static_cast<std::uint8_t>(
        (quarters > blocks ? 1 : 0) + (quarters > 2 * blocks ? 1 : 0) + (quarters > 3 * blocks ? 1 : 0));
    if (slab.empty() && empty_slabs_ != 0) {
        unlink(slab);
        dissolve(slab, chores);
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

Bin::Progress Bin::give_locked(layout::PageHeader expected, void* const* blocks, std::uint32_t count,
                               Chores& chores) {
    std::uint32_t i = 0;
    while (i < count) {
        const layout::Page page = layout::window.page_of(blocks[i]);
        if (const layout::PageHeader header = layout::window.header(page); header != expected) {
            // The block may have been freed twice and its slab dissolved in between.
            return {header == mixed_header(expected.shard()) ? Fault::kNone : Fault::kDoubleFree, i};
        }
        Slab& slab = slab_at(page, expected.size_class());
        const auto [came, fault] = slab.give(blocks + i, count - i);
        i += came;
        blocks_out_.store(blocks_out() - came, std::memory_order_relaxed);
        if (fault != Fault::kNone) return {fault, i};
        slab.tidied = false;
        slab.last_round = this_round();
        if (slab.list == kCurrent || slab.list == kPurging) continue;
        if (settle(slab, chores)) note_hollow(slab, blocks + i - came, came, chores);
    }
    return {Fault::kNone, i};
}

std::uint32_t Bin::give(layout::PageHeader expected, void* const* blocks, std::uint32_t count) {
    Progress progress{};
    Chores chores{.calls = ~0U}; // what came back at once may go at once: as many as the batch has slabs
    {
        const os::Guard guard(mutex_);
        note_use();
        progress = give_locked(expected, blocks, count, chores);
    }
    if (chores.any()) attend(chores);
    if (progress.fault != Fault::kNone) report(progress.fault, blocks[progress.given], Found::kLater);
    return progress.given;
}

Room Bin::room_beside(layout::PageHeader expected, const void* block) {
    const layout::Page page = layout::window.page_of(block);
    const os::Guard guard(mutex_);
    if (layout::window.header(page) != expected) return {0, 0};
    const Slab& slab = slab_at(page, expected.size_class());
    const std::size_t left = std::size_t{slab.left_blocks()} * slab.shape().size;
    const std::size_t gone = static_cast<std::size_t>(std::popcount(slab.purged_pages())) * kSystemPageSize;
    return {left - std::min(left, gone), slab.blocks() - slab.free_blocks()};
}

void Bin::dissolve_empty(Chores& chores) {
    if (current_ != nullptr && current_->empty()) {
        dissolve(*current_, chores);
        current_ = nullptr;
    }
    for (Slab* first : lists_) {
        for (Slab* slab = first; slab != nullptr;) {
            Slab* const next = slab->next;
            if (slab->empty()) {
                unlink(*slab);
                --empty_slabs_;
                dissolve(*slab, chores);
            }
            slab = next;
        }
    }
}

void Bin::trim() {
    Chores chores;
    {
        const os::Guard guard(mutex_);
        dissolve_empty(chores);
    }
    attend(chores);
}

// Into the lists, where its hollow pages are found: nobody is being served.
void Bin::retire_current(Chores& chores) {
    if (current_ == nullptr || current_->free_blocks() == 0) return;
    Slab& slab = *current_;
    current_ = nullptr;
    slab.list = kFull; // for no list has it
    settle(slab, chores);
}

// Some of the slabs with hollow pages that nobody used for a round; how many. Others may need what is kept.
unsigned Bin::choose_unused(Chores& chores) {
    unsigned looks = 0;
    unsigned chosen = 0;
    for (unsigned list = kLists; list-- != 0;) {
        for (Slab* slab = lists_[list]; slab != nullptr && looks < kMostLookedAt && chosen < chores.calls;
             ++looks) {
            Slab* const next = slab->next;
            if (slab->hollow_counted != 0 && !slab->empty() && is_long_ago(slab->last_round)) {
                start_purging(*slab, chores);
                ++chosen;
            }
            slab = next;
        }
    }
    return chosen;
}

// Up to `most` slabs whose pages may be hollow; how many. There are no empty ones.
unsigned Bin::choose_untidy(Chores& chores, unsigned most) {
    unsigned chosen = 0;
    for (Slab* const first : lists_) {
        for (Slab* slab = first; slab != nullptr && chosen < most;) {
            Slab* const next = slab->next;
            if (!slab->tidied) {
                slab->tidied = true;
                start_purging(*slab, chores);
                ++chosen;
            }
            slab = next;
        }
    }
    return chosen;
}

std::size_t Bin::purge_hollow() {
    if (os::page_size() != kSystemPageSize) return 0;
    std::size_t purged = 0;
    // Others may go on using the bin, and leave hollow pages behind us.
    for (std::size_t rounds = slabs_.load(std::memory_order_relaxed) / kMostTrimmed + 1; rounds != 0;
         --rounds) {
        Chores chores{.calls = ~0U};
        bool more = false;
        {
            const os::Guard guard(mutex_);
            dissolve_empty(chores);
            retire_current(chores);
            more = choose_untidy(chores, kMostTrimmed) == kMostTrimmed;
        }
        purged += attend(chores);
        if (!more) break;
    }
    return purged;
}

Bin::Tidied Bin::tidy(layout::SizeClass c) {
    Chores chores;
    unsigned chosen = 0;
    Tidied result = Tidied::kUnused;
    {
        const os::Guard guard(mutex_);
        if (!is_long_ago(last_round_)) {
            result = Tidied::kUsed;
            chosen = choose_unused(chores);
        } else if (!tidied_) {
            dissolve_empty(chores);
            retire_current(chores);
            if (free_bytes(c) > kLeastIdle && os::page_size() == kSystemPageSize)
                chosen = choose_untidy(chores, chores.calls);
            tidied_ = chosen == 0;
        }
    }
    attend(chores);
    return chosen != 0 ? Tidied::kUnfinished : result;
}

} // namespace ashlar::slab
