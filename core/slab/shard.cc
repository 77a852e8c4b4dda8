// SPDX-License-Identifier: MIT
#include "slab/shard.h"

#include "layout/superslab.h"
#include "os/page_memory.h"
#include "slab/misuse.h"

#include <algorithm>
#include <bit>

namespace ashlar::slab {

namespace {

// Bytes free in a bin before it gives back single pages: while it is used, and when it is not.
constexpr std::size_t kLeastHollow = std::size_t{512} << 10;
constexpr std::size_t kLeastIdle = std::size_t{64} << 10;
constexpr unsigned kMostTidied = 64; // slabs of a bin at a time: somebody waits for it

// The pages of a slab that are named by bits, run by run.
void purge_pages(char* start, std::uint64_t pages) {
    while (pages != 0) {
        const auto first = static_cast<unsigned>(std::countr_zero(pages));
        const auto count = static_cast<unsigned>(std::countr_one(pages >> first));
        os::purge(start + first * kSystemPageSize, count * kSystemPageSize);
        if (first + count == 64) return;
        pages = pages >> (first + count) << (first + count);
    }
}

} // namespace

void Bin::put(Slab& slab, std::uint8_t place) {
    slab.list = place;
    if (place >= kLists) return;
    slab.previous = nullptr;
    slab.next = lists_[place];
    if (slab.next != nullptr) slab.next->previous = &slab;
    lists_[place] = &slab;
    if (slab.empty()) ++empty_slabs_;
}

void Bin::unlink(Slab& slab) {
    if (slab.list >= kLists) return;
    if (slab.previous != nullptr) {
        slab.previous->next = slab.next;
    } else {
        lists_[slab.list] = slab.next;
    }
    if (slab.next != nullptr) slab.next->previous = slab.previous;
}

void Bin::dissolve(Slab& slab, Chores& chores) {
    layout::window.set_headers(slab.first_page(), slab.shape().pages, layout::PageHeader{});
    slab.finish();
    --slabs_;
    slab.next = chores.leaving;
    chores.leaving = &slab;
}

// Without the lock; chores of the chores' own are done too.
void Bin::attend(Chores& chores) {
    while (chores.purging != nullptr) {
        Slab& slab = *chores.purging;
        chores.purging = slab.next;
        std::uint64_t pages = 0;
        if (!layout::superslabs.is_huge(slab.first_page())) {
            const os::Guard guard(mutex_);
            pages = slab.take_hollow_pages();
        }
        purge_pages(slab.start_address(), pages);
        const os::Guard guard(mutex_);
        slab.list = kFull; // for no list has it
        settle(slab, 0, chores);
    }
    while (chores.leaving != nullptr) {
        Slab& slab = *chores.leaving;
        chores.leaving = slab.next;
        layout::superslabs.give(slab.first_page(), slab.shape().pages);
    }
}

std::size_t Bin::free_bytes(const layout::ClassShape& shape) const {
    return (slabs_ * std::size_t{shape.blocks} - blocks_out()) * shape.size;
}

// More than half of the bin's blocks are free, and it would be worth a thought.
bool Bin::hollow(const layout::ClassShape& shape) const {
    const std::size_t free = free_bytes(shape);
    return free > kLeastHollow && free > blocks_out() * shape.size && os::page_size() == kSystemPageSize;
}

void Bin::start_purging(Slab& slab, Chores& chores) {
    unlink(slab);
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
        slab->forget_purged();
        slab->tidied = false;
        return slab;
    }
    return nullptr;
}

bool Bin::add_slab(layout::SizeClass c, layout::Shard owner) {
    const unsigned pages = layout::kShapes[c].pages;
    const layout::Page first = layout::superslabs.take_for_slab(pages, node_).first;
    if (first == 0) return false;
    Slab& slab = slab_at(first, c);
    if (!slab.start(c, owner, first)) {
        layout::superslabs.give(first, pages);
        return false;
    }
    const os::Guard guard(mutex_);
    layout::window.set_headers(first, pages, {c, owner});
    put(slab, kEmptiest);
    ++slabs_;
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

std::uint32_t Bin::take(layout::SizeClass c, layout::Shard owner, void** end, std::uint32_t count) {
    std::uint32_t taken = 0;
    do {
        const os::Guard guard(mutex_);
        used_ = true;
        taken += take_locked(end - taken, count - taken);
    } while (taken == 0 && add_slab(c, owner));
    return taken;
}

void Bin::settle(Slab& slab, std::uint32_t came, Chores& chores) {
    const std::uint32_t blocks = slab.blocks();
    const std::uint32_t free = slab.free_blocks();
    const std::uint32_t quarters = free * 4;
    const auto place = static_cast<std::uint8_t>(
        (quarters > blocks ? 1 : 0) + (quarters > 2 * blocks ? 1 : 0) + (quarters > 3 * blocks ? 1 : 0));
    if (slab.empty() && empty_slabs_ != 0) {
        unlink(slab);
        dissolve(slab, chores);
        return;
    }
    if (slab.list != place) {
        unlink(slab);
        put(slab, place);
    } else if (slab.empty()) {
        ++empty_slabs_;
    }
    // With each eighth that comes free.
    if (free * 2 > blocks && free * 8 / blocks != (free - came) * 8 / blocks && !slab.empty() &&
        hollow(slab.shape())) {
        start_purging(slab, chores);
    }
}

Bin::Offence Bin::give_locked(layout::PageHeader expected, void* const* blocks, std::uint32_t count,
                              Chores& chores) {
    std::uint32_t i = 0;
    while (i < count) {
        const layout::Page page = layout::window.page_of(blocks[i]);
        // The block may have been freed twice and its slab dissolved in between.
        if (layout::window.header(page) != expected) return {Fault::kDoubleFree, blocks[i]};
        Slab& slab = slab_at(page, expected.size_class());
        const auto [came, fault] = slab.give(blocks + i, count - i);
        i += came;
        blocks_out_.store(blocks_out() - came, std::memory_order_relaxed);
        if (fault != Fault::kNone) return {fault, blocks[i]};
        slab.tidied = false;
        if (slab.list != kCurrent && slab.list != kPurging) settle(slab, came, chores);
    }
    return {Fault::kNone, nullptr};
}

void Bin::give(layout::PageHeader expected, void* const* blocks, std::uint32_t count) {
    Offence offence{};
    Chores chores;
    {
        const os::Guard guard(mutex_);
        used_ = true;
        offence = give_locked(expected, blocks, count, chores);
    }
    if (chores.any()) attend(chores);
    if (offence.fault != Fault::kNone) report(offence.fault, offence.address);
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
    settle(slab, 0, chores);
}

// Some of the slabs whose pages may be hollow; how many.
unsigned Bin::choose_untidy(Chores& chores) {
    unsigned chosen = 0;
    for (Slab* const first : lists_) {
        for (Slab* slab = first; slab != nullptr && chosen < kMostTidied;) {
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

bool Bin::tidy(layout::SizeClass c) {
    Chores chores;
    bool more = false;
    {
        const os::Guard guard(mutex_);
        const bool used = used_;
        used_ = false;
        if (used || tidied_) {
            tidied_ = tidied_ && !used;
            return used;
        }
        dissolve_empty(chores);
        retire_current(chores);
        unsigned chosen = 0;
        if (free_bytes(layout::kShapes[c]) > kLeastIdle && os::page_size() == kSystemPageSize) {
            chosen = choose_untidy(chores);
        }
        more = chosen == kMostTidied;
        tidied_ = !more;
    }
    attend(chores);
    return more;
}

} // namespace ashlar::slab
