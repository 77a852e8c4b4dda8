// SPDX-License-Identifier: MIT
#include "shadow.h"

#include "scheduler.h"

#include <algorithm>

extern "C" const char __executable_start; // defined by the linker

namespace schedules {

namespace {

constexpr unsigned kCellShift = 3;
constexpr unsigned kBlockShift = 9; // log2 of the bytes whose cells are allocated together
constexpr std::size_t kCellsPerBlock = std::size_t{1} << (kBlockShift - kCellShift);
constexpr std::size_t kBlocks = 2048;
constexpr std::size_t kDirectory = 2 * kBlocks; // a power of two

using Block = std::array<Cell, kCellsPerBlock>;

struct Entry {
    std::uintptr_t number; // index of the stretch of memory; 0 for a free entry
    Block* block;
};

std::array<Block, kBlocks> blocks;
std::size_t blocks_used = 0;
std::array<Entry, kDirectory> directory;

Place place_of(std::uint32_t offset) {
    return &__executable_start + offset;
}

} // namespace

Cell& cell_of(const volatile void* address) {
    const auto number = reinterpret_cast<std::uintptr_t>(address);
    const std::uintptr_t stretch = number >> kBlockShift;
    std::size_t at = (stretch * 0x9e3779b97f4a7c15) >> 40;
    for (;; ++at) {
        Entry& entry = directory[at % kDirectory];
        if (entry.number == 0) {
            if (blocks_used == kBlocks) fail("the code under test uses more memory than can be watched");
            entry = {stretch, &blocks[blocks_used++]};
        }
        if (entry.number == stretch) return (*entry.block)[number >> kCellShift & (kCellsPerBlock - 1)];
    }
}

void Ordering::start() {
    for (unsigned a = 0; a < kMaxActors; ++a) {
        clocks_[a] = {};
        clocks_[a][a] = 1;
    }
}

void Ordering::acquire(unsigned actor, const Cell& cell) {
    for (unsigned a = 0; a < kMaxActors; ++a)
        clocks_[actor][a] = std::max(clocks_[actor][a], cell.released[a]);
}

void Ordering::release_more(unsigned actor, Cell& cell) {
    for (unsigned a = 0; a < kMaxActors; ++a)
        cell.released[a] = std::max(cell.released[a], clocks_[actor][a]);
    ++clocks_[actor][actor];
}

void Ordering::release(unsigned actor, Cell& cell) {
    cell.released = clocks_[actor];
    ++clocks_[actor][actor];
}

void Ordering::begin(unsigned actor, unsigned parent) {
    clocks_[actor] = clocks_[parent];
    clocks_[actor][actor] = 1;
    ++clocks_[parent][parent];
}

bool Ordering::contend(unsigned actor, Cell& cell, bool write) const {
    bool contended = false;
    for (unsigned other = 0; other < kMaxActors; ++other) {
        if (other == actor) continue;
        const std::uint16_t known = clocks_[actor][other];
        contended |= cell.stored[other] > known || (write && cell.loaded[other] > known);
    }
    (write ? cell.stored : cell.loaded)[actor] = clocks_[actor][actor];
    return contended;
}

void Ordering::access_cell(unsigned actor, Cell& cell, Access now, bool write) {
    const auto conflicts = [&](unsigned other, const Access& before) {
        return (before.bytes & now.bytes) != 0 && before.when > clocks_[actor][other];
    };
    for (unsigned other = 0; other < kMaxActors; ++other) {
        if (other == actor) continue;
        if (conflicts(other, cell.writes[other])) {
            fail_with_race(place_of(cell.writes[other].place), place_of(now.place),
                           write ? "two writes" : "a write and a read");
        }
        if (write && conflicts(other, cell.reads[other])) {
            fail_with_race(place_of(cell.reads[other].place), place_of(now.place), "a read and a write");
        }
    }
    Access& mine = write ? cell.writes[actor] : cell.reads[actor];
    if (mine.when == now.when) now.bytes = static_cast<std::uint8_t>(now.bytes | mine.bytes);
    mine = now;
}

void Ordering::access(unsigned actor, const volatile void* address, std::size_t size, bool write,
                      Place place) {
    auto at = reinterpret_cast<std::uintptr_t>(address);
    Access now;
    now.place = static_cast<std::uint32_t>(static_cast<const char*>(place) - &__executable_start);
    now.when = clocks_[actor][actor];
    while (size != 0) {
        const std::size_t offset = at & 7;
        const std::size_t length = std::min<std::size_t>(size, 8 - offset);
        now.bytes = static_cast<std::uint8_t>(((1U << length) - 1) << offset);
        access_cell(actor, cell_of(reinterpret_cast<const void*>(at)), now, write);
        at += length;
        size -= length;
    }
}

} // namespace schedules
