// SPDX-License-Identifier: MIT
#include "slab/mixed_slabs.h"

#include "layout/metadata_pool.h"
#include "layout/superslab.h"
#include "os/marking.h"
#include "os/page_memory.h"
#include "slab/misuse.h"

#include <algorithm>
#include <bit>

namespace ashlar::slab {

using layout::metadata_pool;
using layout::window;

namespace {

constexpr unsigned kMostLooks = 4;    // slabs tried per list; those of the first list may lack room
constexpr unsigned kMostFailures = 8; // slabs tried per request, because other threads wait for the lock
constexpr unsigned kChurning = 16;    // times the most blocks out plus the blocks of a slab

std::uint32_t load(const std::atomic<std::uint32_t>& count) {
    return count.load(std::memory_order_relaxed);
}

void store(std::atomic<std::uint32_t>& count, std::uint32_t value) {
    count.store(value, std::memory_order_relaxed);
}

bool gives_pages_back(layout::Slice slice) {
    return os::page_size() == kSystemPageSize && !layout::superslabs.stays_huge(slice);
}

} // namespace

void MixedSlabs::add_bytes_out(std::size_t bytes) {
    bytes_out_.store(bytes_out() + bytes, std::memory_order_relaxed);
}

void MixedSlabs::put(MixedSlab& slab) {
    slab.list = slab.room() == 0 ? kNoRoom : static_cast<std::uint8_t>(std::bit_width(slab.room()) - 1);
    if (slab.list == kNoRoom) return;
    slab.previous = nullptr;
    slab.next = lists_[slab.list];
    if (slab.next != nullptr) slab.next->previous = &slab;
    lists_[slab.list] = &slab;
}

void MixedSlabs::unlink(MixedSlab& slab) {
    if (slab.list == kNoRoom) return;
    if (slab.previous != nullptr) {
        slab.previous->next = slab.next;
    } else {
        lists_[slab.list] = slab.next;
    }
    if (slab.next != nullptr) slab.next->previous = slab.previous;
}

bool MixedSlabs::relist(MixedSlab& slab) {
    unlink(slab);
    if (!slab.empty()) {
        put(slab);
        return false;
    }
    count_absent(slab.absent_pages(), 0);
    window.set_headers(slab.slice(), 1, layout::kUnused);
    metadata_pool.give(slab.maps(), sizeof(MixedSlab::Maps));
    if (slab.numbers() != nullptr) metadata_pool.give(slab.numbers(), sizeof(MixedSlab::Numbers));
    return true;
}

bool MixedSlabs::adopt(Slab& slab) {
    void* const maps = metadata_pool.take(sizeof(MixedSlab::Maps));
    if (maps == nullptr) return false;
    const std::uint32_t blocks = slab.blocks() - slab.free_blocks();
    const std::size_t bytes = blocks * std::size_t{slab.shape().size};
    Use& use = uses_[slab.size_class()];
    const os::Guard guard(mutex_);
    MixedSlab& mixed = MixedSlab::replace(slab, static_cast<MixedSlab::Maps*>(maps));
    window.set_headers(mixed.slice(), 1, mixed_header(shard_));
    put(mixed);
    add_bytes_out(bytes);
    store(use.present, load(use.present) + blocks);
    return true;
}

// Returns a slab that may have a gap of `units`, from the list with the least sufficient room. Returns null
// if a few looks find none.
MixedSlab* MixedSlabs::find(unsigned units) const {
    for (auto list = static_cast<unsigned>(std::bit_width(units) - 1); list < kLists; ++list) {
        unsigned looks = 0;
        for (MixedSlab* slab = lists_[list]; slab != nullptr && looks < kMostLooks;
             slab = slab->next, ++looks) {
            if (slab->room() >= units) return slab;
        }
    }
    return nullptr;
}

std::uint32_t MixedSlabs::take(layout::SizeClass c, void** end, std::uint32_t count) {
    const os::Guard guard(mutex_);
    return take_locked(c, end, count);
}

std::uint32_t MixedSlabs::take_locked(layout::SizeClass c, void** end, std::uint32_t count) {
    const std::size_t size = layout::class_size(c);
    std::uint32_t taken = 0;
    for (unsigned failures = 0; taken != count && failures < kMostFailures; ++failures) {
        MixedSlab* const slab = find(static_cast<unsigned>(size / layout::kAlignment));
        if (slab == nullptr) break;
        const std::uint64_t absent = slab->absent_pages();
        taken += slab->take(c, end - taken, count - taken);
        count_absent(absent, slab->absent_pages());
        relist(*slab);
    }
    add_bytes_out(taken * size);
    note_taken(c, taken);
    return taken;
}

bool MixedSlabs::add_slab(os::Node node) {
    void* const maps = metadata_pool.take(sizeof(MixedSlab::Maps));
    if (maps == nullptr) return false;
    void* const numbers = metadata_pool.take(sizeof(MixedSlab::Numbers));
    const layout::Slice slice = numbers != nullptr ? layout::superslabs.take_for_slab(1, node).first : 0;
    if (slice == 0) {
        if (numbers != nullptr) metadata_pool.give(numbers, sizeof(MixedSlab::Numbers));
        metadata_pool.give(maps, sizeof(MixedSlab::Maps));
        return false;
    }
    const os::Guard guard(mutex_);
    put(MixedSlab::start(slice, static_cast<MixedSlab::Maps*>(maps),
                         static_cast<MixedSlab::Numbers*>(numbers)));
    window.set_headers(slice, 1, mixed_header(shard_));
    return true;
}

void* MixedSlabs::take_sampled(layout::SizeClass c, std::uint32_t number, os::Node node) {
    void* block = nullptr;
    do {
        const os::Guard guard(mutex_);
        if (take_locked(c, &block + 1, 1) == 0) continue;
        slab_of(block)->set_number(block, number);
        return block;
    } while (add_slab(node));
    return nullptr;
}

// Returns whether returns were frequent enough to outweigh the memory saved.
bool MixedSlabs::churns(layout::SizeClass c) const {
    const Use& use = uses_[c];
    return load(use.returned) >= kChurning * (layout::kShapes[c].blocks + load(use.most_out));
}

void MixedSlabs::note_taken(layout::SizeClass c, std::uint32_t count) {
    Use& use = uses_[c];
    store(use.out, load(use.out) + count);
    store(use.present, load(use.present) + count);
    store(use.most_out, std::max(load(use.most_out), load(use.out)));
}

void MixedSlabs::note_returned(layout::SizeClass c) {
    Use& use = uses_[c];
    if (load(use.out) != 0) store(use.out, load(use.out) - 1);
    store(use.returned, load(use.returned) + 1);
    store(use.present, load(use.present) - 1);
}

void MixedSlabs::forget_uses() {
    const os::Guard guard(mutex_);
    for (Use& use : uses_) {
        store(use.most_out, load(use.out) + (load(use.most_out) - load(use.out)) / 2);
        store(use.returned, load(use.returned) / 2);
    }
}

bool MixedSlabs::skips_search() {
    const std::uint8_t left = searches_to_skip_.load(std::memory_order_relaxed);
    if (left != 0) searches_to_skip_.store(static_cast<std::uint8_t>(left - 1), std::memory_order_relaxed);
    return left != 0;
}

// Returns null if the slice of `block` is not, or no longer, a mixed slab of this shard.
MixedSlab* MixedSlabs::slab_of(const void* block) const {
    const layout::Slice slice = window.slice_of(block);
    return window.header(slice) == mixed_header(shard_) ? &MixedSlab::at(slice) : nullptr;
}

std::uint32_t MixedSlabs::give(void* block, layout::SizeClass c) {
    const layout::Slice slice = window.slice_of(block);
    Fault fault = Fault::kDoubleFree;
    bool leaving = false;
    std::uint32_t number = 0;
    std::uint64_t pages = 0;
    MixedSlab* slab = nullptr;
    {
        const bool with_pages = gives_pages_back(slice);
        const os::Guard guard(mutex_);
        slab = slab_of(block);
        const std::size_t size = slab != nullptr ? slab->size_of(block) : 0;
        if (size != 0 && (c == 0 || size == layout::class_size(c))) {
            fault = Fault::kNone;
            os::mark_free(block, size); // before another thread can take it
            number = slab->number_of(block);
            pages = slab->give(block, size, with_pages && slab->numbers() == nullptr);
            add_bytes_out(~size + 1);
            note_returned(layout::class_of(size));
            leaving = relist(*slab);
        } else if (slab != nullptr) {
            fault = slab->fault_at(block);
        }
    }
    if (fault != Fault::kNone) report(fault, block, c == 0 ? Found::kInTheCall : Found::kLater);
    if (pages != 0) {
        unsigned calls = 2; // a block lies on two pages at most
        std::uint64_t left = pages;
        const bool goes = layout::superslabs.break_up(slice);
        const std::uint64_t gone = goes ? purge_pages(slab->start_address(), left, calls) : 0;
        const os::Guard guard(mutex_);
        const std::uint64_t absent = slab->absent_pages();
        slab->put_back(pages, gone);
        count_absent(absent, slab->absent_pages());
        leaving = relist(*slab);
    }
    if (leaving) layout::superslabs.give(slice, 1);
    return number;
}

Room MixedSlabs::room_beside(const void* block) {
    const os::Guard guard(mutex_);
    const MixedSlab* const slab = slab_of(block);
    const std::size_t size = slab != nullptr ? slab->size_of(block) : 0;
    if (size == 0) return {0, 0};
    const std::size_t absent =
        static_cast<std::size_t>(std::popcount(slab->absent_pages())) * kSystemPageSize;
    const std::size_t free = layout::kSliceSize - slab->used_bytes();
    return {free - std::min(free, absent), std::max<std::size_t>(slab->used_bytes() / size, 1)};
}

std::size_t MixedSlabs::usable_size(const void* block) {
    std::size_t size = 0;
    Fault fault = Fault::kDoubleFree;
    {
        const os::Guard guard(mutex_);
        if (const MixedSlab* const slab = slab_of(block); slab != nullptr) {
            size = slab->size_of(block);
            if (size == 0) fault = slab->fault_at(block);
        }
    }
    if (size == 0) report(fault, block, Found::kInTheCall);
    return size;
}

} // namespace ashlar::slab
