// SPDX-License-Identifier: MIT
#include "slab/shard.h"

#include "layout/superslab.h"
#include "slab/misuse.h"

namespace ashlar::slab {

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

void Bin::dissolve(Slab& slab, Slab*& leaving) {
    layout::window.set_headers(slab.first_page(), slab.shape().pages, layout::PageHeader{});
    slab.finish();
    slab.next = leaving;
    leaving = &slab;
}

void Bin::return_pages(Slab* leaving) {
    while (leaving != nullptr) {
        Slab* const next = leaving->next;
        layout::superslabs.give(leaving->first_page(), leaving->shape().pages);
        leaving = next;
    }
}

// The fullest that has free blocks.
Slab* Bin::next_slab() {
    for (Slab* slab : lists_) {
        if (slab == nullptr) continue;
        unlink(*slab);
        if (slab->empty()) --empty_slabs_;
        put(*slab, kCurrent);
        return slab;
    }
    return nullptr;
}

bool Bin::add_slab(layout::SizeClass c, layout::Shard owner) {
    const unsigned pages = layout::kShapes[c].pages;
    const layout::Page first = layout::superslabs.take_for_slab(pages).first;
    if (first == 0) return false;
    Slab& slab = slab_at(first, c);
    if (!slab.start(c, owner, first)) {
        layout::superslabs.give(first, pages);
        return false;
    }
    const os::Guard guard(mutex_);
    layout::window.set_headers(first, pages, {c, owner});
    put(slab, kEmptiest);
    return true;
}

std::uint32_t Bin::take_locked(void** end, std::uint32_t count) {
    std::uint32_t taken = 0;
    for (;;) {
        if (current_ != nullptr) {
            taken += current_->take(end - taken, count - taken);
            if (taken == count) break;
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
        taken += take_locked(end - taken, count - taken);
    } while (taken != count && add_slab(c, owner));
    return taken;
}

void Bin::settle(Slab& slab, Slab*& leaving) {
    if (slab.list == kCurrent) return;
    const std::uint32_t blocks = slab.blocks();
    const std::uint32_t quarters = slab.free_blocks() * 4;
    const auto place = static_cast<std::uint8_t>(
        (quarters > blocks ? 1 : 0) + (quarters > 2 * blocks ? 1 : 0) + (quarters > 3 * blocks ? 1 : 0));
    if (slab.empty() && empty_slabs_ != 0) {
        unlink(slab);
        dissolve(slab, leaving);
    } else if (slab.list != place) {
        unlink(slab);
        put(slab, place);
    } else if (slab.empty()) {
        ++empty_slabs_;
    }
}

Bin::Offence Bin::give_locked(layout::PageHeader expected, void* const* blocks, std::uint32_t count,
                              Slab*& leaving) {
    const layout::Page page_mask =
        ~static_cast<layout::Page>(layout::kShapes[expected.size_class()].pages - 1);
    std::uint32_t i = 0;
    while (i < count) {
        const layout::Page page = layout::window.page_of(blocks[i]);
        // The block may have been freed twice and its slab dissolved in between.
        if (layout::window.header(page) != expected) return {Fault::kDoubleFree, blocks[i]};
        Slab& slab = slab_at(page, expected.size_class());
        Returner returner(slab);
        Fault fault = Fault::kNone;
        do {
            fault = returner.add(blocks[i]);
            if (fault != Fault::kNone) break;
            ++i;
        } while (i < count && (layout::window.page_of(blocks[i]) & page_mask) == slab.first_page());
        blocks_out_.store(blocks_out() - returner.finish(), std::memory_order_relaxed);
        if (fault != Fault::kNone) return {fault, blocks[i]};
        settle(slab, leaving);
    }
    return {Fault::kNone, nullptr};
}

void Bin::give(layout::PageHeader expected, void* const* blocks, std::uint32_t count) {
    Offence offence{};
    Slab* leaving = nullptr;
    {
        const os::Guard guard(mutex_);
        offence = give_locked(expected, blocks, count, leaving);
    }
    return_pages(leaving);
    if (offence.fault != Fault::kNone) report(offence.fault, offence.address);
}

void Bin::trim() {
    Slab* leaving = nullptr;
    {
        const os::Guard guard(mutex_);
        if (current_ != nullptr && current_->empty()) {
            dissolve(*current_, leaving);
            current_ = nullptr;
        }
        for (Slab* first : lists_) {
            for (Slab* slab = first; slab != nullptr;) {
                Slab* const next = slab->next;
                if (slab->empty()) {
                    unlink(*slab);
                    --empty_slabs_;
                    dissolve(*slab, leaving);
                }
                slab = next;
            }
        }
    }
    return_pages(leaving);
}

} // namespace ashlar::slab
