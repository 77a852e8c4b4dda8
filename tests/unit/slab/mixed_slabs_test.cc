// SPDX-License-Identifier: MIT
//
// Mixed slabs: their bitmaps compared with a model, their blocks, and their use by the heap. Tests of the
// heap are children whose heap no other code uses. With a `dirty_limit` of 0 slabs become mixed early.
#include "../support/child.h"
#include "../support/random.h"
#include "cache/thread_cache.h"
#include "heap/heap.h"
#include "layout/superslab.h"
#include "observe/statistics.h"
#include "os/marking.h"
#include "slab/supply.h"

#include <algorithm>
#include <array>
#include <barrier>
#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <sys/mman.h>
#include <sys/resource.h>
#include <thread>
#include <vector>

namespace {

using namespace ashlar;       // NOLINT(google-build-using-namespace): the layer under test
using namespace ashlar::slab; // NOLINT(google-build-using-namespace): the layer under test

using layout::class_of;
using layout::class_size;
using layout::kShapes;
using layout::SizeClass;
using layout::SliceHeader;
using layout::superslabs;
using layout::window;
using Blocks = std::vector<void*>;

constexpr layout::Shard kOwner = 250; // no other bin has this shard

TEST_CASE("units: found and counted as in a vector of bools") {
    unit::Random random(1);
    Units units;
    std::vector<bool> model(Units::kCount);
    for (unsigned round = 0; round < 2000; ++round) {
        const auto first = static_cast<unsigned>(random.below(Units::kCount));
        const auto count = static_cast<unsigned>(random.below(std::min(Units::kCount - first, 300U) + 1));
        const bool set = random.below(2) == 0;
        if (set) units.set(first, count);
        if (!set) units.clear(first, count);
        std::fill_n(model.begin() + static_cast<std::ptrdiff_t>(first), count, set);
        const auto at = static_cast<unsigned>(random.below(Units::kCount + 1));
        const auto from = model.begin() + static_cast<std::ptrdiff_t>(at);
        const auto before = std::find(model.rend() - static_cast<std::ptrdiff_t>(at), model.rend(), true);
        CAPTURE(round, at);
        if (at != Units::kCount) REQUIRE(units.test(at) == model[at]);
        REQUIRE(units.next_set(at) ==
                static_cast<unsigned>(std::find(from, model.end(), true) - model.begin()));
        REQUIRE(units.next_clear(at) ==
                static_cast<unsigned>(std::find(from, model.end(), false) - model.begin()));
        REQUIRE(units.behind_last_set(at) == static_cast<unsigned>(model.rend() - before));
    }
}

// A bin that filled `slabs` slabs, kept every tenth block, and gave its slabs to `mixed`.
class OwnMixed {
  public:
    OwnMixed(std::size_t size, unsigned slabs)
        : class_(class_of(size)), pages_before_(superslabs.slices_in_use()) {
        const std::uint32_t count = slabs * kShapes[class_].blocks + 1; // the last is of the serving slab
        Blocks blocks(count);
        for (std::uint32_t taken = 0; taken != count;) {
            const std::uint32_t got = bin.take(class_, kOwner, blocks.data() + count - taken, count - taken);
            REQUIRE(got != 0);
            taken += got;
        }
        serving_ = blocks.front(); // bins store the last taken block first
        blocks.erase(blocks.begin());
        std::sort(blocks.begin(), blocks.end());
        Blocks released;
        for (std::size_t i = 0; i < blocks.size(); ++i)
            (i % 10 == 0 ? kept : released).push_back(blocks[i]);
        REQUIRE(bin.give({class_, kOwner}, released.data(), static_cast<std::uint32_t>(released.size())) ==
                released.size());
        REQUIRE(bin.give_up_slabs(mixed, 16, slabs) == slabs);
    }
    ~OwnMixed() {
        for (void* const block : kept)
            mixed.give(block, class_);
        bin.give({class_, kOwner}, &serving_, 1);
        bin.trim();
    }
    OwnMixed(const OwnMixed&) = delete;
    OwnMixed& operator=(const OwnMixed&) = delete;

    std::size_t pages() const { return superslabs.slices_in_use() - pages_before_ - 1; } // mixed slabs
    Blocks take(std::size_t size, std::uint32_t count) {
        Blocks blocks(count);
        const std::uint32_t taken = mixed.take(class_of(size), blocks.data() + count, count);
        blocks.erase(blocks.begin(), blocks.end() - taken);
        return blocks;
    }
    void give(const Blocks& blocks) {
        for (void* const block : blocks)
            mixed.give(block, 0);
    }

    Bin bin{};
    MixedSlabs mixed{kOwner};
    Blocks kept;

  private:
    SizeClass class_;
    std::size_t pages_before_;
    void* serving_ = nullptr;
};

TEST_CASE("mixed slabs: blocks that were there stay, and are released as before") {
    OwnMixed own(512, 4);
    REQUIRE(own.bin.blocks_out() == 1);
    REQUIRE(own.mixed.bytes_out() == own.kept.size() * 512);
    REQUIRE(own.pages() == 4);
    for (const void* const block : own.kept) {
        REQUIRE(window.header_of(block) == mixed_header(kOwner));
        REQUIRE(own.mixed.usable_size(block) == 512);
    }
    own.give(own.kept);
    own.kept.clear();
    CHECK(own.mixed.bytes_out() == 0);
    CHECK(own.pages() == 0); // empty slabs are released at once
}

TEST_CASE("mixed slabs: blocks of all classes served lie apart, aligned as in slabs of their own") {
    unit::Random random(2);
    OwnMixed own(400, 8);
    std::map<std::uintptr_t, std::uintptr_t> intervals; // [start, end)
    const auto add = [&](const void* block, std::size_t size) {
        const auto start = reinterpret_cast<std::uintptr_t>(block);
        const auto after = intervals.upper_bound(start);
        if (after != intervals.end()) REQUIRE(start + size <= after->first);
        if (after != intervals.begin()) REQUIRE(std::prev(after)->second <= start);
        intervals[start] = start + size;
    };
    for (const void* const block : own.kept)
        add(block, class_size(class_of(400)));
    Blocks taken;
    for (unsigned round = 0; round < 5000; ++round) {
        if (random.below(3) != 0) {
            const std::size_t size = class_size(class_of(random.between(128, 4096)));
            REQUIRE(MixedSlabs::serve(class_of(size)));
            for (void* const block : own.take(size, static_cast<std::uint32_t>(random.between(1, 3)))) {
                REQUIRE(window.header_of(block) == mixed_header(kOwner));
                REQUIRE(reinterpret_cast<std::uintptr_t>(block) % std::min<std::size_t>(size & -size, 4096) ==
                        0);
                REQUIRE(own.mixed.usable_size(block) == size);
                add(block, size);
                taken.push_back(block);
            }
        } else if (!taken.empty()) {
            std::swap(taken[random.below(taken.size())], taken.back());
            intervals.erase(reinterpret_cast<std::uintptr_t>(taken.back()));
            own.give({taken.back()});
            taken.pop_back();
        }
    }
    std::size_t bytes = 0;
    for (const auto& [start, end] : intervals)
        bytes += end - start;
    CHECK(own.mixed.bytes_out() == bytes);
    CHECK(bytes > 8 * layout::kSliceSize * 6 / 10); // most of the free memory is usable
    CHECK(own.pages() == 8);
    own.give(taken);
}

// Compares the count of absent pages with residency as the kernel reports it.
TEST_CASE("mixed slabs: absent pages are counted as they come and go") {
    unit::Random random(5);
    const std::ptrdiff_t before = superslabs.absent_bytes();
    {
        OwnMixed own(400, 8);
        for (void* const block : own.kept)
            std::memset(block, 1, 400);
        own.give({own.kept.begin() + 2, own.kept.end()});
        own.kept.resize(2); // the other slabs are released
        REQUIRE(own.pages() == 1);
        char* const slab = window.address_of(window.slice_of(own.kept[0]));
        const auto absent = [&] {
            std::vector<unsigned char> pages(layout::kSliceSize / kSystemPageSize);
            REQUIRE(mincore(slab, layout::kSliceSize, pages.data()) == 0);
            return std::count_if(pages.begin(), pages.end(),
                                 [](unsigned char page) { return (page & 1) == 0; }) *
                   static_cast<std::ptrdiff_t>(kSystemPageSize);
        };
        Blocks taken;
        for (unsigned round = 0; round < 2000; ++round) {
            if (random.below(2) == 0) {
                const std::size_t size = random.between(128, 4096);
                for (void* const block : own.take(size, static_cast<std::uint32_t>(random.between(1, 8)))) {
                    os::mark_used(block, own.mixed.usable_size(block));
                    std::memset(block, 2, own.mixed.usable_size(block));
                    taken.push_back(block);
                }
            } else if (!taken.empty()) {
                std::swap(taken[random.below(taken.size())], taken.back());
                own.give({taken.back()});
                taken.pop_back();
            }
            if (superslabs.absent_bytes() - before != absent()) {
                FAIL("round " << round << ": " << superslabs.absent_bytes() - before << " counted, "
                              << absent() << " absent");
            }
        }
        own.give(taken);
    }
    CHECK(superslabs.absent_bytes() == before);
}

TEST_CASE("mixed slabs: pages without a block are given back and read zero, the others keep their contents") {
    OwnMixed own(400, 2);
    for (void* const block : own.kept)
        std::memset(block, 1, 400);
    const Blocks pages = own.take(2048, 8);
    REQUIRE(pages.size() == 8);
    for (void* const block : pages)
        std::memset(block, 2, 2048);
    own.give(own.kept);
    own.kept.clear();
    own.give({pages.begin(), pages.begin() + 7});
    const char* const last = static_cast<char*>(pages[7]);
    REQUIRE(std::count(last, last + 2048, 2) == 2048);
    char* const slab = window.address_of(window.slice_of(last));
    std::vector<unsigned char> resident(layout::kSliceSize / 4096);
    REQUIRE(mincore(slab, layout::kSliceSize, resident.data()) == 0);
    CHECK(std::count_if(resident.begin(), resident.end(),
                        [](unsigned char page) { return (page & 1) != 0; }) == 1);
    own.give({pages[7]});
    CHECK(own.pages() == 0);
}

TEST_CASE("mixed slabs: misuse ends the process with what is known") {
    OwnMixed own(512, 2);
    char* const block = static_cast<char*>(own.kept[1]);
    const auto dies_of = [](const char* words, auto misuse) {
        UNIT_REQUIRE_ABORTED(words, unit::run_here(misuse));
        UNIT_REQUIRE_ABORTED("blocks of several size classes", unit::run_here(misuse));
    };
    dies_of("inside a block", [&] { own.mixed.give(block + 16, 0); });
    dies_of("inside a block", [&] { own.mixed.give(block + 8, 0); });
    dies_of("inside a block", [&] { own.mixed.usable_size(block + 256); });
    dies_of("double free", [&] { own.mixed.give(block + 512, 0); });
    dies_of("double free", [&] {
        own.mixed.give(block, 0);
        own.mixed.give(block, 0);
    });
    dies_of("double free",
            [&] { own.mixed.give(block, class_of(256)); }); // as a cache that holds the block twice
}

// ---- The heap

constexpr std::size_t kSmall = 320;

// Allocates small blocks and releases nine tenths of them.
Blocks grow_and_release(std::size_t bytes) {
    Blocks blocks;
    for (std::size_t i = 0; i < bytes / kSmall; ++i) {
        blocks.push_back(heap::allocate(kSmall));
        REQUIRE(blocks.back() != nullptr);
        std::memset(blocks.back(), 1, kSmall);
    }
    Blocks kept;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        if (i % 10 == 3) {
            kept.push_back(blocks[i]);
        } else {
            heap::release(blocks[i]);
        }
    }
    return kept;
}

std::size_t mixed_bytes() {
    std::size_t bytes = 0;
    for_each_mixed([&](MixedSlabs& mixed) { bytes += mixed.bytes_out(); });
    return bytes;
}

void require_contents(const void* block, int byte, std::size_t size) {
    const char* const bytes = static_cast<const char*>(block);
    REQUIRE(std::count(bytes, bytes + size, byte) == static_cast<std::ptrdiff_t>(size));
}

// Releases all blocks. The heap must be empty afterwards.
void release_all(const Blocks& small, const Blocks& large) {
    for (void* const block : large)
        heap::release(block);
    for (void* const block : small) {
        require_contents(block, 1, kSmall);
        heap::release(block);
    }
    heap::trim(0);
    REQUIRE(mixed_bytes() == 0);
    REQUIRE(superslabs.slices_in_use() == 0);
}

UNIT_TEST_CASE_IN_CHILD("heap: what small blocks left free serves larger ones", "dirty_limit:0") {
    const Blocks small = grow_and_release(std::size_t{8} << 20);
    const std::size_t pages = superslabs.slices_in_use();
    Blocks large;
    for (unsigned i = 0; i < 1500; ++i) {
        large.push_back(heap::allocate(1500));
        REQUIRE(heap::usable_size(large.back()) == class_size(class_of(1500)));
        std::memset(large.back(), 2, 1500);
    }
    REQUIRE(mixed_bytes() >= 1200 * 1500);
    REQUIRE(superslabs.slices_in_use() < pages + 8);
    const ashlar_statistics statistics = observe::gather();
    REQUIRE(statistics.allocated >= small.size() * kSmall + large.size() * 1500);
    REQUIRE(statistics.allocated <= small.size() * 321 + large.size() * 1537);
    // Growth and shrinking move the contents as in other slabs.
    for (void*& block : large) {
        block = heap::resize(block, 3000);
        require_contents(block, 2, 1500);
        block = heap::resize(block, 300);
        require_contents(block, 2, 300);
    }
    release_all(small, large);
}

UNIT_TEST_CASE_IN_CHILD("heap: a class that is used again and again gets a slab of its own",
                        "dirty_limit:0") {
    const Blocks small = grow_and_release(std::size_t{8} << 20);
    unsigned from_mixed = 0;
    for (unsigned i = 0; i < 5000; ++i) {
        void* const block = heap::allocate(1000);
        from_mixed += is_mixed(window.header_of(block)) ? 1 : 0;
        heap::release(block);
    }
    REQUIRE(from_mixed > 0);
    REQUIRE(from_mixed <= 40 * kShapes[class_of(1000)].blocks);
    for (void* const block : small)
        heap::release(block);
}

// Most of the memory is free, mainly in gaps of one block.
UNIT_TEST_CASE_IN_CHILD("heap: slabs without gaps for larger blocks stay what they are", "dirty_limit:0") {
    Blocks blocks;
    for (std::size_t i = 0; i < (std::size_t{8} << 20) / kSmall; ++i)
        blocks.push_back(heap::allocate(kSmall));
    Blocks kept;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        if (i % 2 == 0 && i % 32 != 0) {
            kept.push_back(blocks[i]);
        } else {
            heap::release(blocks[i]);
        }
    }
    cache::flush();
    Blocks larger;
    for (unsigned i = 0; i < 1000; ++i)
        larger.push_back(heap::allocate(2 * kSmall));
    REQUIRE(mixed_bytes() == 0);
    for (void* const block : larger)
        heap::release(block);
    for (void* const block : kept)
        heap::release(block);
}

// After a fall the emptier slabs hold memory that is not needed. The heap must keep the bursts' memory
// instead.
UNIT_TEST_CASE_IN_CHILD("heap: after a fall, what comes and goes stays in memory", unit::kDefaultHeap) {
    constexpr std::size_t kSize = 16 * 1024;
    unit::Random random(3);
    Blocks blocks;
    for (std::size_t i = 0; i < (std::size_t{100} << 20) / kSize; ++i) {
        blocks.push_back(heap::allocate(kSize));
        std::memset(blocks.back(), 1, kSize);
    }
    for (std::size_t left = blocks.size(); left > 1; --left)
        std::swap(blocks[left - 1], blocks[random.below(left)]);
    while (blocks.size() > (std::size_t{20} << 20) / kSize) {
        heap::release(blocks.back());
        blocks.pop_back();
    }
    const auto faults_of_rounds = [](unsigned rounds) {
        rusage before{};
        rusage after{};
        getrusage(RUSAGE_SELF, &before);
        for (unsigned round = 0; round < rounds; ++round) {
            std::array<void*, 60> burst{};
            for (void*& block : burst) {
                block = heap::allocate(kSize);
                std::memset(block, 2, kSize);
            }
            for (void* const block : burst)
                heap::release(block);
        }
        getrusage(RUSAGE_SELF, &after);
        return after.ru_minflt - before.ru_minflt;
    };
    faults_of_rounds(100);
    REQUIRE(faults_of_rounds(100) < 100 * 60 / 4); // of 100 * 60 * 4 pages
    for (void* const block : blocks)
        heap::release(block);
}

UNIT_TEST_CASE_IN_CHILD(
    "heap: blocks that threads hold in their caches survive that their slab becomes mixed", "dirty_limit:0") {
    constexpr unsigned kThreads = 3;
    std::barrier barrier(kThreads + 1);
    std::vector<Blocks> handed(kThreads);
    std::vector<std::thread> threads;
    Blocks small = grow_and_release(std::size_t{8} << 20);
    for (unsigned t = 0; t < kThreads; ++t) {
        // Other threads' caches hold remote blocks of the class whose slabs become mixed.
        for (unsigned i = 0; i < 40; ++i) {
            handed[t].push_back(small.back());
            small.pop_back();
        }
        threads.emplace_back([&, t] {
            for (void* const block : handed[t])
                heap::release(block);
            barrier.arrive_and_wait();
            barrier.arrive_and_wait(); // the slabs are mixed now
            Blocks own;
            for (unsigned i = 0; i < 4000; ++i)
                own.push_back(heap::allocate(kSmall));
            for (void* const block : own)
                heap::release(block);
            cache::flush();
        });
    }
    barrier.arrive_and_wait();
    Blocks large;
    for (unsigned i = 0; i < 1500; ++i)
        large.push_back(heap::allocate(1500));
    REQUIRE(mixed_bytes() >= 1200 * 1500);
    barrier.arrive_and_wait();
    for (std::thread& thread : threads)
        thread.join();
    release_all(small, large);
}

UNIT_TEST_CASE_IN_CHILD("heap: a forked child releases and takes blocks of mixed slabs", "dirty_limit:0") {
    const Blocks small = grow_and_release(std::size_t{8} << 20);
    Blocks large;
    for (unsigned i = 0; i < 1000; ++i)
        large.push_back(heap::allocate(1500));
    REQUIRE(mixed_bytes() >= 700 * 1500);
    UNIT_REQUIRE_PASSED(unit::run_here([&] {
        for (void*& block : large) {
            heap::release(block);
            block = heap::allocate(700);
            REQUIRE(block != nullptr);
        }
        for (void* const block : large)
            heap::release(block);
        for (void* const block : small)
            heap::release(block);
        heap::trim(0);
        REQUIRE(superslabs.slices_in_use() == 0);
    }));
}

} // namespace
