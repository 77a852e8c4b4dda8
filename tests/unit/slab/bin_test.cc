// SPDX-License-Identifier: MIT
//
// Bins of the test, with slabs from the process's superslabs. No other bin has their shard number.
#include "../support/build_kind.h"
#include "../support/child.h"
#include "../support/random.h"
#include "layout/superslab.h"
#include "os/config.h"
#include "slab/bin.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <set>
#include <string>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace ashlar;       // NOLINT(google-build-using-namespace): the layer under test
using namespace ashlar::slab; // NOLINT(google-build-using-namespace): the layer under test

using layout::kClasses;
using layout::kShapes;
using layout::kSliceSize;
using layout::SizeClass;
using layout::SliceHeader;
using layout::superslabs;
using layout::window;
using Blocks = std::vector<void*>;

constexpr layout::Shard kOwner = 255;

// A bin of one class. The destructor returns all outstanding blocks.
class OwnBin {
  public:
    explicit OwnBin(unsigned c)
        : class_(static_cast<SizeClass>(c)), pages_before_(superslabs.slices_in_use()) {}
    ~OwnBin() {
        if (!out_.empty()) bin.give(header(), out_.data(), static_cast<std::uint32_t>(out_.size()));
        bin.trim();
    }
    OwnBin(const OwnBin&) = delete;
    OwnBin& operator=(const OwnBin&) = delete;

    SliceHeader header() const { return {class_, kOwner}; }
    std::uint32_t per_slab() const { return kShapes[class_].blocks; }
    std::size_t slabs() const {
        return (superslabs.slices_in_use() - pages_before_) / kShapes[class_].slices;
    }

    // Takes `count` blocks in as many batches as necessary. Returns the blocks in their order of use.
    Blocks take(std::uint32_t count) {
        Blocks blocks;
        while (blocks.size() != count) {
            const Blocks batch = take_batch(count - static_cast<std::uint32_t>(blocks.size()));
            if (batch.empty()) break;
            blocks.insert(blocks.end(), batch.begin(), batch.end());
        }
        return blocks;
    }
    Blocks take_batch(std::uint32_t count) {
        Blocks blocks(count);
        const std::uint32_t taken = bin.take(class_, kOwner, blocks.data() + count, count);
        blocks.erase(blocks.begin(), blocks.end() - taken);
        std::reverse(blocks.begin(), blocks.end());
        out_.insert(out_.end(), blocks.begin(), blocks.end());
        return blocks;
    }
    void give(const Blocks& blocks) {
        const std::set<void*> given(blocks.begin(), blocks.end());
        out_.erase(std::remove_if(out_.begin(), out_.end(), [&](void* p) { return given.count(p) != 0; }),
                   out_.end());
        bin.give(header(), blocks.data(), static_cast<std::uint32_t>(blocks.size()));
    }
    const Blocks& out() const { return out_; }

    Bin bin{};

  private:
    SizeClass class_;
    std::size_t pages_before_;
    Blocks out_;
};

// Returns every `part`-th block, beginning with the first.
Blocks every(std::size_t part, const Blocks& blocks) {
    Blocks some;
    for (std::size_t i = 0; i < blocks.size(); i += part)
        some.push_back(blocks[i]);
    return some;
}

bool same_slab(const Blocks& blocks) {
    const SizeClass c = window.header_of(blocks.front()).size_class();
    return std::all_of(blocks.begin(), blocks.end(), [&](void* p) {
        return &slab_at(window.slice_of(p), c) == &slab_at(window.slice_of(blocks.front()), c);
    });
}

TEST_CASE("bin: blocks of every class come in the order of addresses, slab after slab") {
    for (unsigned c = 1; c < kClasses; ++c) {
        CAPTURE(c);
        OwnBin own(c);
        const Blocks blocks = own.take(own.per_slab() * 2 + 1);
        REQUIRE(blocks.size() == own.per_slab() * 2 + 1);
        REQUIRE(own.bin.blocks_out() == blocks.size());
        REQUIRE(own.slabs() == 3);
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            const char* const block = static_cast<char*>(blocks[i]);
            if (window.header_of(block) != own.header()) FAIL("header of block " << i);
            if (window.header_of(block + kShapes[c].size - 1) != own.header()) FAIL("end of block " << i);
            if (i % own.per_slab() != 0 && block != static_cast<char*>(blocks[i - 1]) + kShapes[c].size) {
                FAIL("block " << i << " does not follow its predecessor");
            }
        }
        REQUIRE(same_slab({blocks[0], blocks[own.per_slab() - 1]}));
        REQUIRE_FALSE(same_slab({blocks[0], blocks[own.per_slab()]}));
        own.give(blocks);
        REQUIRE(own.bin.blocks_out() == 0);
        own.bin.trim();
        REQUIRE(own.slabs() == 0);
    }
}

TEST_CASE("bin: serves from the fullest of its partial slabs") {
    OwnBin own(9); // 144 bytes: about 450 blocks per slab
    std::vector<Blocks> slabs;
    for (unsigned i = 0; i < 5; ++i)
        slabs.push_back(own.take(own.per_slab()));
    own.take(1); // now the sixth serves
    // Free are a half of slab 0, a fifth of slab 1, nearly all of slab 2 and a third of slab 3.
    own.give(every(2, slabs[0]));
    own.give(every(5, slabs[1]));
    own.give(Blocks(slabs[2].begin() + 1, slabs[2].end()));
    own.give(every(3, slabs[3]));
    REQUIRE(own.slabs() == 6);
    own.take(own.per_slab() - 1); // uses up the sixth slab
    for (const unsigned expected : {1U, 3U, 0U, 2U}) {
        CAPTURE(expected);
        const std::size_t free = slab_at(window.slice_of(slabs[expected].front()), 9).free_blocks();
        const Blocks taken = own.take(static_cast<std::uint32_t>(free));
        CHECK(same_slab(taken));
        CHECK(same_slab({taken.front(), slabs[expected].front()}));
    }
    CHECK(own.slabs() == 6);
    CHECK(own.take(1).size() == 1);
    CHECK(own.slabs() == 7);
}

TEST_CASE("bin: one empty slab is kept and more are dissolved") {
    for (const unsigned c : {1U, 20U, 60U, 64U}) {
        CAPTURE(c);
        OwnBin own(c);
        std::vector<Blocks> slabs;
        for (unsigned i = 0; i < 4; ++i)
            slabs.push_back(own.take(own.per_slab()));
        own.take(1);
        REQUIRE(own.slabs() == 5);
        own.give(slabs[0]);
        REQUIRE(own.slabs() == 5);
        own.give(every(2, slabs[1]));
        REQUIRE(own.slabs() == 5);
        own.give(slabs[2]);
        REQUIRE(own.slabs() == 4);
        REQUIRE(window.header_of(slabs[2].front()) == layout::kUnused);
        REQUIRE(window.header_of(slabs[2].back()) == layout::kUnused);
        REQUIRE(window.header_of(slabs[0].front()) == own.header());
        own.give(slabs[3]);
        REQUIRE(own.slabs() == 3);
        // The partial slab serves before the empty slab, and both serve before a new slab.
        const Blocks rest = own.take(own.per_slab() - 1);
        const Blocks partial = own.take(static_cast<std::uint32_t>(every(2, slabs[1]).size()));
        REQUIRE(same_slab({partial.front(), partial.back(), slabs[1].front()}));
        const Blocks kept = own.take(own.per_slab());
        REQUIRE(same_slab({kept.front(), kept.back(), slabs[0].front()}));
        REQUIRE(own.slabs() == 3);
        REQUIRE(own.bin.blocks_out() == own.out().size());
    }
}

TEST_CASE("bin: an empty slab that served again may be kept again") {
    OwnBin own(30);
    const Blocks first = own.take(own.per_slab());
    const Blocks second = own.take(own.per_slab());
    own.take(1);
    for (unsigned round = 0; round < 5; ++round) {
        CAPTURE(round);
        own.give(round % 2 == 0 ? first : second);
        REQUIRE(own.slabs() == 3);
        // Uses up the third slab, then the empty slab.
        const Blocks again =
            own.take(2 * own.per_slab() - static_cast<std::uint32_t>(own.out().size()) + own.per_slab());
        REQUIRE(own.slabs() == 3);
        REQUIRE(own.bin.blocks_out() == 3 * own.per_slab());
        own.give(Blocks(again.begin(), again.end() - own.per_slab()));
        REQUIRE(own.slabs() == 3);
    }
}

TEST_CASE("bin: trimming returns empty slabs and leaves the others") {
    OwnBin own(12);
    const Blocks first = own.take(own.per_slab());
    const Blocks second = own.take(own.per_slab());
    const Blocks third = own.take(own.per_slab() / 2);
    own.give(first);
    own.give(every(2, second));
    own.give(third); // the serving slab is empty now
    REQUIRE(own.slabs() == 3);
    own.bin.trim();
    CHECK(own.slabs() == 1);
    CHECK(own.bin.blocks_out() == own.out().size());
    const Blocks again = own.take(1);
    CHECK(same_slab({again.front(), second.front()}));
    own.bin.trim();
    CHECK(own.slabs() == 1);
}

bool resident(const void* address) {
    unsigned char pages = 0;
    const auto start = reinterpret_cast<std::uintptr_t>(address) / kSystemPageSize * kSystemPageSize;
    REQUIRE(mincore(reinterpret_cast<void*>(start), 1, &pages) == 0);
    return (pages & 1U) != 0;
}

// Blocks of half a system page. A page has two free blocks, one or none.
TEST_CASE("bin: a unused bin gives back system pages in which no block is left") {
    os::settings.dirty_limit.store(0, std::memory_order_relaxed); // keep no unused pages
    const std::ptrdiff_t absent = superslabs.absent_bytes();
    OwnBin own(layout::class_of(2048));
    REQUIRE(kShapes[own.header().size_class()].size == 2048);
    Blocks blocks = own.take(own.per_slab() * 40);
    for (void* const block : blocks)
        std::memset(block, 1, 2048);
    Blocks freed;
    Blocks kept;
    for (std::size_t i = 0; i < blocks.size(); ++i)
        (i % 16 == 0 ? kept : freed).push_back(blocks[i]);
    for (std::size_t i = 0; i < freed.size(); i += 15) {
        const auto first = freed.begin() + static_cast<std::ptrdiff_t>(i);
        own.give({first, first + 15});
    }
    std::size_t gone = 0;
    for (void* const block : freed)
        gone += resident(block) ? 0 : 1;
    for (const void* const block : kept) {
        REQUIRE(resident(block));
        const char* const bytes = static_cast<const char*>(block);
        REQUIRE(std::count(bytes, bytes + 2048, 1) == 2048);
    }
    CHECK(gone * 10 > freed.size() * 8); // except shared pages, and the first slab
    CHECK(own.slabs() == 40);
    CHECK(superslabs.absent_bytes() - absent == static_cast<std::ptrdiff_t>(gone / 2 * kSystemPageSize));
    // All purged pages are usable again.
    const Blocks again = own.take(static_cast<std::uint32_t>(freed.size()));
    REQUIRE(again.size() == freed.size());
    for (void* const block : again)
        std::memset(block, 2, 2048);
    CHECK(own.slabs() == 40);
    CHECK(superslabs.absent_bytes() == absent);
}

// A bin that repeatedly loses most of its blocks and is filled again.
TEST_CASE("bin: unused pages that serve again stay the next times, up to seven times as many") {
    constexpr std::size_t kKept = 64; // pages, in a small heap
    os::settings.dirty_limit.store(16 * kKept * kSystemPageSize, std::memory_order_relaxed);
    const auto forget = [] {
        for (unsigned looks = 0; looks < 40; ++looks)
            superslabs.start_purging_aged();
    };
    forget();
    OwnBin own(layout::class_of(2048));
    constexpr std::uint32_t kSlabs = 60;
    // Releases all blocks but the first of each slab. Returns the number of unused pages left.
    const auto fall = [&] {
        Blocks freed;
        for (void* const block : own.out())
            if (!(reinterpret_cast<std::uintptr_t>(block) % kSliceSize == 0)) freed.push_back(block);
        for (std::size_t i = 0; i < freed.size(); i += 31) {
            const auto first = freed.begin() + static_cast<std::ptrdiff_t>(i);
            own.give(
                {first, first + static_cast<std::ptrdiff_t>(std::min<std::size_t>(31, freed.size() - i))});
        }
        const auto absent = static_cast<std::size_t>(superslabs.absent_bytes()) / kSystemPageSize;
        return std::size_t{kSlabs} * (kSliceSize / kSystemPageSize - 1) - absent;
    };
    const auto rise = [&] {
        own.take(own.per_slab() * kSlabs - static_cast<std::uint32_t>(own.out().size()));
        REQUIRE(own.slabs() == kSlabs);
    };
    rise();
    const std::size_t first = fall();
    std::size_t last = 0;
    for (unsigned round = 0; round < 12; ++round) {
        rise();
        last = fall();
    }
    CAPTURE(first, last);
    CHECK(first >= kKept);
    CHECK(last >= first + kKept * 2);
    CHECK(last <= first + kKept * 13 / 2);
    rise();
    forget();
    CHECK(fall() <= first + kKept / 2);
}

// One system page in four keeps a block, so every slab needs several system calls.
TEST_CASE("bin: what nobody used for a round goes in steps of four system calls") {
    os::settings.dirty_limit.store(std::size_t{1} << 30, std::memory_order_relaxed); // keep all unused pages
    const std::ptrdiff_t absent = superslabs.absent_bytes();
    const layout::SizeClass c = layout::class_of(1024);
    OwnBin own(c);
    constexpr std::uint32_t kSlabs = 20;
    const Blocks blocks = own.take(own.per_slab() * kSlabs);
    Blocks freed;
    for (void* const block : blocks)
        if (reinterpret_cast<std::uintptr_t>(block) / kSystemPageSize % 4 != 0) freed.push_back(block);
    own.give(freed);
    constexpr std::size_t kPagesInRow = 3;
    constexpr std::size_t kMostOfStep = 4 * kPagesInRow * kSystemPageSize;
    CHECK(own.bin.decay(c) == Bin::Decayed::kUsed); // used in this round
    CHECK(superslabs.absent_bytes() == absent);
    Bin::begin_round();
    CHECK(own.bin.decay(c) == Bin::Decayed::kUsed); // used in the previous round
    Bin::begin_round();
    std::ptrdiff_t before = absent;
    for (unsigned steps = 0; own.bin.decay(c) == Bin::Decayed::kUnfinished; ++steps) {
        REQUIRE(steps <= kSlabs * 4);
        const std::ptrdiff_t now = superslabs.absent_bytes();
        CHECK(static_cast<std::size_t>(now - before) <= kMostOfStep);
        before = now;
    }
    CHECK(own.bin.decay(c) == Bin::Decayed::kUnused);
    constexpr std::size_t kUnused = kSlabs * layout::kSliceSize / 4 * 3;
    CHECK(static_cast<std::size_t>(superslabs.absent_bytes() - absent) == kUnused);
}

// All memory is locked, so the kernel refuses each purge.
UNIT_TEST_CASE_IN_CHILD("bin: what the kernel refuses to purge is not offered again and again",
                        "dirty_limit:1g") {
    UNIT_SKIP_IF(unit::kSanitizer, "under it mlockall() does nothing");
    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) return; // not permitted
    const layout::SizeClass c = layout::class_of(1024);
    OwnBin own(c);
    constexpr std::uint32_t kSlabs = 20;
    Blocks freed;
    for (void* const block : own.take(own.per_slab() * kSlabs))
        if (reinterpret_cast<std::uintptr_t>(block) / kSystemPageSize % 2 != 0) freed.push_back(block);
    own.give(freed);
    unsigned steps = 0;
    for (unsigned rounds = 0; rounds < 3; ++rounds) {
        Bin::begin_round();
        while (own.bin.decay(c) == Bin::Decayed::kUnfinished)
            REQUIRE(++steps <= kSlabs);
    }
    CHECK(steps != 0);
}

// Every slab keeps its first two blocks only, which fill no page.
TEST_CASE("bin: unused pages go when they are asked for, also of the slab that serves") {
    os::settings.dirty_limit.store(std::size_t{1} << 30, std::memory_order_relaxed); // keep all unused pages
    const std::ptrdiff_t absent = superslabs.absent_bytes();
    OwnBin own(layout::class_of(1024));
    constexpr std::uint32_t kSlabs = 200; // more slabs than the bin visits under one lock
    const Blocks blocks = own.take(own.per_slab() * kSlabs);
    for (void* const block : blocks)
        std::memset(block, 1, 1024);
    Blocks freed;
    for (std::size_t i = 0; i < blocks.size(); ++i)
        if (i % own.per_slab() > 1) freed.push_back(blocks[i]);
    own.give(freed);
    REQUIRE(std::all_of(blocks.begin(), blocks.end(), resident));
    constexpr std::size_t kUnused = kSlabs * (layout::kSliceSize / kSystemPageSize - 1);
    REQUIRE(own.bin.purge_unused() == kUnused);
    CHECK(superslabs.absent_bytes() - absent == static_cast<std::ptrdiff_t>(kUnused * kSystemPageSize));
    for (const void* const block : own.out()) {
        const char* const bytes = static_cast<const char*>(block);
        REQUIRE(std::count(bytes, bytes + 1024, 1) == 1024);
    }
    REQUIRE(std::count_if(blocks.begin(), blocks.end(), resident) == kSlabs * 4);
    CHECK(own.bin.purge_unused() == 0);
    own.take(1); // one slab serves again
    CHECK(own.bin.purge_unused() == layout::kSliceSize / kSystemPageSize - 1);
    // Dissolved slabs no longer count as absent.
    own.give(Blocks(own.out()));
    own.bin.trim();
    CHECK(superslabs.absent_bytes() == absent);
}

TEST_CASE("bin: empty slabs are none of those that lose pages when asked") {
    OwnBin own(layout::class_of(1024));
    for (unsigned round = 0; round < 3; ++round) {
        const Blocks blocks = own.take(own.per_slab() * 3);
        own.give({blocks.begin(), blocks.end() - 1});
        if (round == 1) own.bin.purge_unused();
        own.give({blocks.back()});
        REQUIRE(own.slabs() == (round == 1 ? 1 : 2)); // the serving slab and one kept slab
    }
}

TEST_CASE("bin: pages that the system does not take back are not absent") {
    os::settings.dirty_limit.store(std::size_t{1} << 30, std::memory_order_relaxed); // keep all unused pages
    const std::ptrdiff_t absent = superslabs.absent_bytes();
    OwnBin own(layout::class_of(1024));
    const Blocks blocks = own.take(own.per_slab());
    for (void* const block : blocks)
        std::memset(block, 1, 1024);
    char* const start = static_cast<char*>(blocks.front());
    // A sanitizer's mlock has no effect. The system may also refuse to lock.
    if (syscall(SYS_mlock, start, layout::kSliceSize) != 0) return;
    if (syscall(SYS_mlockall, MCL_FUTURE | MCL_ONFAULT) != 0) return; // otherwise the purge removes the lock
    own.give({blocks.begin() + 1, blocks.end()});
    const std::size_t purged = own.bin.purge_unused();
    const std::ptrdiff_t absent_then = superslabs.absent_bytes();
    REQUIRE(syscall(SYS_munlockall) == 0);
    CHECK(purged == 0);
    CHECK(absent_then == absent);
    own.give(own.take(1));
    CHECK(own.bin.purge_unused() == layout::kSliceSize / kSystemPageSize - 1);
    CHECK(superslabs.absent_bytes() > absent);
}

TEST_CASE("bin: a small bin keeps its pages") {
    OwnBin own(layout::class_of(2048));
    Blocks blocks = own.take(own.per_slab() * 6);
    for (void* const block : blocks)
        std::memset(block, 1, 2048);
    own.give({blocks.begin() + 1, blocks.begin() + own.per_slab()});
    for (const void* const block : blocks)
        REQUIRE(resident(block));
}

TEST_CASE("bin: batches may mix slabs in any order") {
    for (const unsigned c : {1U, 17U, 33U, 50U, 61U, 64U}) {
        unit::Random random(c);
        CAPTURE(c, random.seed());
        OwnBin own(c);
        std::set<void*> live;
        for (unsigned step = 0; step < 100; ++step) {
            if (random.chance(step < 60 ? 65 : 35)) {
                for (void* const block : own.take(static_cast<std::uint32_t>(random.between(1, 100)))) {
                    if (!live.insert(block).second) FAIL("a block was given out twice");
                }
            } else {
                Blocks given(own.out());
                for (std::size_t i = given.size(); i > 1; --i)
                    std::swap(given[i - 1], given[random.below(i)]);
                given.resize(std::min(given.size(), random.between(1, 100)));
                own.give(given);
                for (void* const block : given)
                    live.erase(block);
            }
            if (own.bin.blocks_out() != live.size())
                FAIL(own.bin.blocks_out() << " out, not " << live.size());
            if (own.slabs() * own.per_slab() < live.size()) FAIL("more blocks than slabs hold");
        }
    }
    SUCCEED();
}

TEST_CASE("bin: a batch is rather short than of new memory") {
    for (unsigned c = 1; c < kClasses; ++c) {
        CAPTURE(c);
        OwnBin own(c);
        const Blocks blocks = own.take(6);
        own.give({blocks[1], blocks[4]});
        CHECK(own.take_batch(4) == Blocks{blocks[1], blocks[4]});
        CHECK(own.take_batch(2).front() > blocks.back());
    }
}

TEST_CASE("bin: threads never get the same block") {
    constexpr unsigned kThreads = 4;
    constexpr unsigned c = 5;
    OwnBin own(c);
    std::atomic<unsigned> faults = 0;
    std::vector<std::thread> threads;
    for (unsigned t = 1; t <= kThreads; ++t) {
        threads.emplace_back([&own, &faults, random = unit::Random(t), t]() mutable {
            Blocks held;
            for (unsigned step = 0; step < 2000; ++step) {
                Blocks batch(random.between(1, 40));
                if (held.size() < 2000 && random.chance(55)) {
                    const auto count = static_cast<std::uint32_t>(batch.size());
                    const std::uint32_t taken = own.bin.take(c, kOwner, batch.data() + count, count);
                    if (taken == 0 || taken > count) ++faults;
                    batch.erase(batch.begin(), batch.end() - taken);
                    for (void* const block : batch)
                        *static_cast<unsigned*>(block) = t;
                    held.insert(held.end(), batch.begin(), batch.end());
                } else if (held.size() >= batch.size()) {
                    for (void*& block : batch) {
                        std::swap(held[random.below(held.size())], held.back());
                        block = held.back();
                        held.pop_back();
                        if (*static_cast<unsigned*>(block) != t) ++faults;
                    }
                    own.bin.give(own.header(), batch.data(), static_cast<std::uint32_t>(batch.size()));
                }
            }
            own.bin.give(own.header(), held.data(), static_cast<std::uint32_t>(held.size()));
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    CHECK(faults == 0);
    CHECK(own.bin.blocks_out() == 0);
    own.bin.trim();
    CHECK(own.slabs() == 0);
}

UNIT_TEST_CASE_IN_CHILD("bin: gives what there is when the window is full", unit::kNoHeap) {
    REQUIRE(window.open(layout::kMinWindow));
    const std::size_t pages = window.end_slice - window.first_slice;
    OwnBin own(40);
    const Blocks all = own.take(own.per_slab() * static_cast<std::uint32_t>(pages) + 100);
    REQUIRE(all.size() == own.per_slab() * pages);
    REQUIRE(own.bin.blocks_out() == all.size());
    REQUIRE(own.take(1).empty());
    OwnBin other(41);
    REQUIRE(other.take(1).empty());
    REQUIRE(other.bin.blocks_out() == 0);
    own.give({all[1000], all[2000]});
    const Blocks again = own.take(5);
    REQUIRE(std::set<void*>(again.begin(), again.end()) == std::set<void*>{all[1000], all[2000]});
    own.give(all);
    own.bin.trim();
    REQUIRE(other.take(3).size() == 3);
}

// ---- Misuse

unit::Outcome giving(const std::function<Blocks(OwnBin&)>& wrong) {
    return unit::run_here([&] {
        OwnBin own(4);
        own.give(wrong(own));
    });
}

TEST_CASE("bin: the first address of a batch that is no live block ends the process") {
    UNIT_REQUIRE_ABORTED("double free of 0x", giving([](OwnBin& own) {
                             const Blocks blocks = own.take(20);
                             return Blocks{blocks[3], blocks[9], blocks[3]};
                         }));
    UNIT_REQUIRE_ABORTED("double free of 0x", giving([](OwnBin& own) {
                             const Blocks blocks = own.take(20);
                             own.give({blocks[7]});
                             return Blocks{blocks[7]};
                         }));
    UNIT_REQUIRE_ABORTED("bytes into the block at 0x", giving([](OwnBin& own) {
                             const Blocks blocks = own.take(20);
                             return Blocks{blocks[0], static_cast<char*>(blocks[1]) + 16};
                         }));
    UNIT_REQUIRE_ABORTED("that was never handed out", giving([](OwnBin& own) {
                             const Blocks blocks = own.take(20);
                             return Blocks{static_cast<char*>(blocks.back()) + 64};
                         }));
}

TEST_CASE("bin: a block of a slab that was dissolved meanwhile was freed twice") {
    UNIT_REQUIRE_ABORTED("double free of 0x", giving([](OwnBin& own) {
                             Blocks first = own.take(own.per_slab());
                             const Blocks second = own.take(own.per_slab());
                             own.take(1);
                             own.give(second);
                             own.give(first); // dissolved, because another slab is empty already
                             return Blocks{first[5]};
                         }));
}

} // namespace
