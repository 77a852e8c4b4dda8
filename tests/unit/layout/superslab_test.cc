// SPDX-License-Identifier: MIT
//
// Children without a heap, where the test owns the window and all superslabs.
#include "../support/build_kind.h"
#include "../support/child.h"
#include "../support/limits.h"
#include "../support/mappings.h"
#include "../support/nodes.h"
#include "../support/random.h"
#include "layout/superslab.h"
#include "os/config.h"
#include "os/counters.h"
#include "os/huge_pages.h"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <bit>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using namespace ashlar::layout; // NOLINT(google-build-using-namespace): the layer under test

using ashlar::os::Node;

constexpr std::size_t kMi = std::size_t{1} << 20;

enum class Kind : std::uint8_t { kSlab, kLarge };

struct Held {
    Slice first;
    unsigned slices;
    Kind kind = Kind::kSlab;
};

Slice take_slab(unsigned slices, Node node = 0) {
    return superslabs.take_for_slab(slices, node).first;
}

Run take(std::size_t slices, Node node = 0) {
    return superslabs.take(slices, Superslabs::Want::kAny, node);
}

void give(Held run) {
    window.set_headers(run.first, run.slices, kUnused);
    superslabs.give(run.first, run.slices);
}

// Purges in steps, as slow paths do.
void purge_what_is_due() {
    while (superslabs.purge_is_due())
        superslabs.purge_if_due();
}

// Prevents all purges except purge_all().
void purge_on_demand_only() {
    ashlar::os::settings.dirty_limit = std::size_t{1} << 40;
    ashlar::os::settings.purge_delay_ms = std::size_t{1} << 40;
}

// One flag per slice: taken, and dirty if free. Answers come from linear search. Superslabs have a node each.
class Model {
  public:
    Model()
        : taken_(window.end_slice, false), dirty_(window.end_slice, false),
          node_(window.end_slice / kSlicesPerSuperslab, kNobody),
          grown_(window.first_slice / kSlicesPerSuperslab) {}

    // Returns the lowest run on `node` or in superslabs without a node, otherwise the lowest on any node.
    Slice expected(Kind kind, unsigned slices, Node node) const {
        const Slice own = lowest(kind, slices, node);
        return own != 0 ? own : lowest(kind, slices, kAnyNode);
    }
    // Extends the heap to `superslabs`. New superslabs belong to `node`.
    void grow(std::size_t superslabs, Node node) {
        const std::size_t end = window.first_slice / kSlicesPerSuperslab + superslabs;
        while (grown_ < end)
            node_[grown_++] = node;
    }
    bool on(Slice first, Node node) const { return node_[first / kSlicesPerSuperslab] == node; }

    // Returns the lowest run, or 0. A slab starts at a multiple of its length. A large block lies in one
    // superslab or starts at one.
    Slice lowest(Kind kind, unsigned slices, Node node) const {
        const Slice step = kind == Kind::kSlab            ? slices
                           : slices > kSlicesPerSuperslab ? kSlicesPerSuperslab
                                                          : 1;
        for (Slice first = window.first_slice; first + slices <= window.end_slice; first += step) {
            const bool crosses = first % kSlicesPerSuperslab + slices > kSlicesPerSuperslab;
            if (crosses && slices <= kSlicesPerSuperslab) continue;
            if (all_free(first, slices) && all_of(first, slices, node)) return first;
        }
        return 0;
    }
    bool all_free(Slice first, unsigned slices) const {
        for (Slice slice = first; slice < first + slices; ++slice) {
            if (taken_[slice]) return false;
        }
        return true;
    }
    bool all_of(Slice first, unsigned slices, Node node) const {
        for (Slice slice = first; slice < first + slices; ++slice) {
            const Node its = node_[slice / kSlicesPerSuperslab];
            if (node != kAnyNode && its != node && its != kNobody) return false;
        }
        return true;
    }
    void take(Held run) { set(run, true, false); }
    void give(Held run) { set(run, false, true); }
    std::size_t taken() const {
        return static_cast<std::size_t>(std::count(taken_.begin(), taken_.end(), true));
    }
    // Makes all dirty slices clean, and returns their number.
    std::size_t purge() {
        const auto count = static_cast<std::size_t>(std::count(dirty_.begin(), dirty_.end(), true));
        dirty_.assign(dirty_.size(), false);
        return count;
    }
    bool dirty(Slice slice) const { return dirty_[slice]; }

  private:
    void set(Held run, bool taken, bool dirty) {
        for (Slice slice = run.first; slice < run.first + run.slices; ++slice) {
            taken_[slice] = taken;
            dirty_[slice] = dirty;
        }
    }
    std::vector<bool> taken_;
    std::vector<bool> dirty_;
    static constexpr Node kNobody = 255;
    std::vector<Node> node_; // of each superslab
    std::size_t grown_;      // superslabs below it have a node
};

// Writes a value to both ends of every slice. Each run has its own value.
void stamp(Held run, std::uint64_t value) {
    for (Slice slice = run.first; slice < run.first + run.slices; ++slice) {
        char* const start = window.address_of(slice);
        std::memcpy(start, &value, sizeof(value));
        std::memcpy(start + kSliceSize - sizeof(value), &value, sizeof(value));
    }
}

bool has_stamp(Held run, std::uint64_t value) {
    for (Slice slice = run.first; slice < run.first + run.slices; ++slice) {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        std::memcpy(&first, window.address_of(slice), sizeof(first));
        std::memcpy(&last, window.address_of(slice) + kSliceSize - sizeof(last), sizeof(last));
        if (first != value || last != value) return false;
    }
    return true;
}

bool headers_are(Held run, SliceHeader header) {
    for (Slice slice = run.first; slice < run.first + run.slices; ++slice) {
        if (window.header(slice) != header) return false;
    }
    return true;
}

unsigned random_pages(unit::Random& random) {
    return 1U << random.below(3);
}

void compare_with_model(unsigned nodes) {
    REQUIRE(window.open(512 * kMi));
    purge_on_demand_only();
    unit::Random random;
    CAPTURE(random.seed());
    Model model;
    std::vector<std::pair<Held, std::uint64_t>> held;
    std::uint64_t stamps = 0;
    std::size_t elsewhere = 0; // runs on another node than requested
    unsigned percent = 70;     // share of takes; the heap grows and shrinks in turns
    constexpr unsigned kSteps = unit::kSanitizer ? 9'000 : 30'000;
    for (unsigned step = 0; step < kSteps; ++step) {
        if (step % 3000 == 0) percent = step / 3000 % 2 == 0 ? 75 : 25;
        if (random.chance(percent)) {
            const Kind kind = random.chance(70) ? Kind::kSlab : Kind::kLarge;
            const unsigned slices =
                kind == Kind::kSlab ? random_pages(random)
                                    : static_cast<unsigned>(random.between(1, random.chance(80) ? 32 : 150));
            const auto node = static_cast<Node>(random.below(nodes));
            const Slice expected = model.expected(kind, slices, node);
            bool was_dirty = false;
            for (Slice slice = expected; slice < expected + slices; ++slice)
                was_dirty = was_dirty || model.dirty(slice);
            const Run taken =
                kind == Kind::kSlab ? superslabs.take_for_slab(slices, node) : take(slices, node);
            model.grow(superslabs.committed() / kSuperslabSize, node);
            const Held run{taken.first, slices, kind};
            if (run.first != 0 && taken.zero == was_dirty)
                FAIL("zero: " << taken.zero << " at " << run.first);
            if (run.first != expected)
                FAIL(slices << " slices at " << run.first << " instead of " << expected);
            if (run.first == 0) continue;
            if (superslabs.node_of(run.first) != node) ++elsewhere;
            if (model.on(run.first, node) != (superslabs.node_of(run.first) == node)) FAIL("another node");
            if (!headers_are(run, kUnused)) FAIL("headers of slice " << run.first << " are in use");
            if (!was_dirty && !has_stamp(run, 0)) FAIL("slice " << run.first << " should be zero");
            model.take(run);
            stamp(run, ++stamps);
            window.set_headers(run.first, slices, SliceHeader{7, 9});
            held.emplace_back(run, stamps);
        } else if (!held.empty()) {
            std::swap(held[random.below(held.size())], held.back());
            const auto [run, value] = held.back();
            held.pop_back();
            if (!has_stamp(run, value)) FAIL("the run at " << run.first << " has been changed");
            give(run);
            model.give(run);
        }
        if (random.below(1000) == 0) {
            const std::size_t purged = superslabs.purge_all();
            if (purged != model.purge() * kSliceSize) FAIL("purged " << purged << " bytes");
        }
        if (superslabs.slices_in_use() != model.taken()) FAIL(superslabs.slices_in_use() << " slices in use");
        if (superslabs.committed() < model.taken() * kSliceSize) FAIL("more taken than committed");
    }
    REQUIRE(superslabs.committed() > 128 * kMi); // more than one group
    REQUIRE((elsewhere != 0) == (nodes != 1));
    REQUIRE(superslabs.committed() % kSuperslabSize == 0);
    for (const auto& [run, value] : held) {
        if (!has_stamp(run, value)) FAIL("the run at " << run.first << " has been changed");
    }
}

UNIT_TEST_CASE_IN_CHILD("superslabs: random runs agree with a model", unit::kNoHeap) {
    compare_with_model(1);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: random runs on two nodes agree with a model", unit::kNoHeap) {
    const unit::Nodes machine(2);
    compare_with_model(2);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: random runs on eight nodes agree with a model", unit::kNoHeap) {
    const unit::Nodes machine(8);
    compare_with_model(8);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: a node takes from others when there is no more", unit::kNoHeap) {
    const unit::Nodes machine(2);
    REQUIRE(window.open(kMinWindow));
    const Slice first = take_slab(1, 0);
    REQUIRE(take(1, 1).first == first_slice_of(first / kSlicesPerSuperslab + 1));
    const unsigned total = window.end_slice - window.first_slice;
    std::size_t taken = 2;
    std::size_t borrowed = 0;
    while (const Slice slice = take_slab(1, 1)) {
        ++taken;
        if (superslabs.node_of(slice) == 0) ++borrowed;
    }
    REQUIRE(taken == total);
    REQUIRE(borrowed == kSlicesPerSuperslab - 1);
    give({first, 1});
    REQUIRE(take_slab(1, 1) == first);
}

// Neither node alone has a long enough run.
UNIT_TEST_CASE_IN_CHILD("superslabs: a run may begin on another node at the end of the heap", unit::kNoHeap) {
    const unit::Nodes machine(2);
    REQUIRE(window.open(kMinWindow));
    const unsigned total = window.end_slice - window.first_slice;
    const Slice low = take(total / 2, 0).first;
    superslabs.give(low, total / 2);
    const Run all = take(total, 1);
    REQUIRE(all.first == low);
    REQUIRE(superslabs.node_of(low) == 0);
    REQUIRE(superslabs.node_of(low + total - 1) == 1);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: a run grows on the node of what lies before it", unit::kNoHeap) {
    const unit::Nodes machine(2);
    REQUIRE(window.open(kMinWindow));
    const Slice block = take(32, 1).first;
    REQUIRE(superslabs.take_at(block + 32, 40).first == block + 32);
    REQUIRE(superslabs.node_of(block + 71) == 1);
}

// Returns whether the kernel reports a preference for `node`. Some kernels ignore preferences.
bool preferred(const void* address, unsigned node) {
    int mode = 0;
    unsigned long mask[16] = {}; // 1024 nodes
    if (::syscall(SYS_get_mempolicy, &mode, mask, 1024, address, MPOL_F_ADDR) != 0) return false;
    return mode == MPOL_PREFERRED && mask[0] == 1UL << node;
}

bool kernel_binds() {
    void* const slice = ::mmap(nullptr, kSliceSize, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return ashlar::os::prefer_node(slice, kSliceSize, 0) && preferred(slice, 0);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: local leaves the place to the kernel", "enabled:false,numa:local") {
    REQUIRE(window.open(256 * kMi));
    REQUIRE_FALSE(preferred(window.address_of(take(100).first), 0));
}

UNIT_TEST_CASE_IN_CHILD("superslabs: bound memory stays bound", "enabled:false,numa:bind") {
    UNIT_SKIP_IF(!kernel_binds(), "this kernel binds no memory");
    REQUIRE(window.open(256 * kMi));
    purge_on_demand_only();
    const auto all_preferred = [](Slice first, unsigned slices) {
        for (Slice slice = first; slice < first + slices; ++slice) {
            if (!preferred(window.address_of(slice), 0)) return false;
        }
        return true;
    };
    const Slice a = take(100).first;
    REQUIRE(all_preferred(a, 100));
    std::memset(window.address_of(a), 1, 100 * kSliceSize);
    REQUIRE(take(1).first == a + 100);
    superslabs.give(a, 100);
    REQUIRE(take(128).first > a); // clean memory behind it
    const Run b = superslabs.take(110, Superslabs::Want::kWarm, 0);
    REQUIRE_FALSE(b.zero);
    REQUIRE(all_preferred(b.first, 110)); // moved
    superslabs.give(b.first, 110);
    REQUIRE(superslabs.purge_all() != 0);
    REQUIRE(all_preferred(a, 100));
    REQUIRE(all_preferred(b.first, 110)); // renewed
}

// Most machines have no node 1.
UNIT_TEST_CASE_IN_CHILD("superslabs: a refused binding changes nothing", "enabled:false,numa:bind") {
    const unit::Nodes machine(2);
    REQUIRE(window.open(256 * kMi));
    errno = EDOM;
    const Slice slice = take_slab(1, 1);
    REQUIRE(slice != 0);
    REQUIRE(errno == EDOM);
    *window.address_of(slice) = 1;
    REQUIRE(superslabs.node_of(slice) == 1);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: purged runs are zero and those in use untouched", unit::kNoHeap) {
    REQUIRE(window.open(kMinWindow));
    std::vector<Held> runs;
    for (unsigned i = 0; i < 100; ++i) {
        runs.push_back({take_slab(1U << (i % 3)), 1U << (i % 3)});
        REQUIRE(runs.back().first != 0);
        std::memset(window.address_of(runs.back().first), static_cast<int>(i + 1),
                    runs.back().slices * kSliceSize);
    }
    std::size_t given = 0;
    for (unsigned i = 0; i < 100; i += 2) {
        give(runs[i]);
        given += runs[i].slices;
    }
    REQUIRE(superslabs.purge_all() == given * kSliceSize);
    REQUIRE(superslabs.purge_all() == 0);
    for (unsigned i = 0; i < 100; ++i) {
        const char expected = i % 2 == 0 ? '\0' : static_cast<char>(i + 1);
        const char* const start = window.address_of(runs[i].first);
        const auto length = static_cast<std::ptrdiff_t>(runs[i].slices * kSliceSize);
        if (std::count(start, start + length, expected) != length) FAIL("run " << i);
    }
}

UNIT_TEST_CASE_IN_CHILD("superslabs: a full window says so and recovers", unit::kNoHeap) {
    REQUIRE(window.open(kMinWindow));
    const unsigned total = window.end_slice - window.first_slice;
    for (const unsigned slices : {1U, 2U, 4U, 1U}) {
        CAPTURE(slices);
        std::vector<Slice> taken;
        while (const Slice first = take_slab(slices))
            taken.push_back(first);
        REQUIRE(taken.size() == total / slices);
        REQUIRE(superslabs.slices_in_use() == total);
        REQUIRE(superslabs.committed() == total * kSliceSize);
        REQUIRE(take_slab(1) == 0);
        REQUIRE(take_slab(4) == 0);
        give({taken[3], slices});
        REQUIRE(take_slab(slices) == taken[3]);
        REQUIRE(take_slab(1) == 0);
        for (const Slice first : taken)
            give({first, slices});
        REQUIRE(superslabs.slices_in_use() == 0);
    }
}

UNIT_TEST_CASE_IN_CHILD("superslabs: a system without memory says so and recovers", unit::kNoHeap) {
    UNIT_SKIP_IF(unit::kSanitizer, "writable memory cannot be limited");
    REQUIRE(window.open(256 * kMi));
    const Slice first = take_slab(1);
    REQUIRE(first != 0);
    unit::allow_writable_memory(8 * kMi);
    std::vector<Slice> taken;
    while (const Slice slice = take_slab(4))
        taken.push_back(slice);
    REQUIRE(taken.size() >= kSlicesPerSuperslab / 4 * 2); // not all of it: tables need memory too
    REQUIRE(superslabs.committed() <= 16 * kMi);
    REQUIRE(take_slab(4) == 0);
    for (const Slice slice : taken)
        *window.address_of(slice) = 1;
    give({taken.back(), 4});
    REQUIRE(take_slab(4) == taken.back());
    unit::allow_any_amount();
    Slice next = take_slab(4);
    for (std::size_t i = 0; next == 0 && i < RefusedRequests::kMostLeftOut; ++i)
        next = take_slab(4);
    REQUIRE(next > taken.back());
    *window.address_of(next) = 1;
}

UNIT_TEST_CASE_IN_CHILD("superslabs: threads never get the same slice", unit::kNoHeap) {
    REQUIRE(window.open(256 * kMi));
    constexpr unsigned kThreads = 4;
    constexpr unsigned kSteps = 5000;
    std::vector<std::atomic<unsigned>> owners(window.end_slice);
    std::atomic<unsigned> faults = 0;
    std::vector<std::thread> threads;
    for (unsigned t = 1; t <= kThreads; ++t) {
        threads.emplace_back([&owners, &faults, random = unit::Random(t), t]() mutable {
            std::vector<Held> held;
            const auto give_back = [&] {
                for (Slice slice = held.back().first; slice < held.back().first + held.back().slices;
                     ++slice) {
                    if (owners[slice].exchange(0) != t) ++faults;
                }
                give(held.back());
                held.pop_back();
            };
            for (unsigned step = 0; step < kSteps; ++step) {
                if (held.size() < 100 && random.chance(60)) {
                    const unsigned slices = random_pages(random);
                    held.push_back({take_slab(slices), slices});
                    for (Slice slice = held.back().first; slice < held.back().first + slices; ++slice) {
                        if (owners[slice].exchange(t) != 0) ++faults;
                    }
                } else if (!held.empty()) {
                    std::swap(held[random.below(held.size())], held.back());
                    give_back();
                }
                if (step % 1000 == 0) superslabs.purge_all();
            }
            while (!held.empty())
                give_back();
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    REQUIRE(faults == 0);
    REQUIRE(superslabs.slices_in_use() == 0);
}

// More threads than superslabs find no free superslab at once. One thread's new superslabs suffice for all.
UNIT_TEST_CASE_IN_CHILD("superslabs: threads that grow the heap together do not exhaust the window",
                        unit::kNoHeap) {
    REQUIRE(window.open(kMinWindow));
    constexpr unsigned kThreads = 100;
    const unsigned least = kThreads * 4;
    REQUIRE(window.end_slice - window.first_slice > least);
    std::barrier together(kThreads);
    std::atomic<unsigned> refused = 0;
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < kThreads; ++t) {
        threads.emplace_back([&] {
            together.arrive_and_wait();
            if (take_slab(4) == 0) ++refused;
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    REQUIRE(refused == 0);
    REQUIRE(superslabs.slices_in_use() == least);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: what exceeds the dirty limit is purged at once", unit::kNoHeap) {
    REQUIRE(window.open(kMinWindow));
    ashlar::os::settings.purge_delay_ms = std::size_t{1} << 40;
    ashlar::os::settings.dirty_limit = 64 * kSliceSize;
    std::vector<Slice> slabs;
    for (unsigned i = 0; i < 200; ++i) {
        slabs.push_back(take_slab(1));
        std::memset(window.address_of(slabs.back()), 1, kSliceSize);
    }
    std::size_t most = 0;
    while (!slabs.empty()) {
        give({slabs.back(), 1});
        superslabs.purge_if_due();
        slabs.pop_back();
        most = std::max(most, superslabs.dirty_slices());
        REQUIRE(superslabs.dirty_slices() <= 64 + slabs.size());
    }
    REQUIRE(most > 60);
    REQUIRE(superslabs.dirty_slices() > 0);
}

// A heap that shrinks and grows repeatedly keeps the slices it needs.
UNIT_TEST_CASE_IN_CHILD("superslabs: what is purged as excess and needed again stays the next times",
                        unit::kNoHeap) {
    REQUIRE(window.open(256 * kMi));
    ashlar::os::settings.purge_delay_ms = std::size_t{1} << 40;
    ashlar::os::settings.dirty_limit = 100 * kSliceSize;
    constexpr unsigned kPages = 500;
    std::vector<Slice> slabs;
    std::size_t kept = 0;
    for (unsigned wave = 0; wave < 20; ++wave) {
        while (slabs.size() != kPages)
            slabs.push_back(take_slab(1));
        while (!slabs.empty()) {
            give({slabs.back(), 1});
            superslabs.purge_if_due();
            slabs.pop_back();
        }
        if (wave == 0) REQUIRE(superslabs.dirty_slices() <= 100);
        REQUIRE(superslabs.dirty_slices() >= kept);
        kept = superslabs.dirty_slices();
    }
    REQUIRE(kept > kPages * 9 / 10);
    for (unsigned looks = 0; looks < 60; ++looks)
        superslabs.purge_aged();
    REQUIRE(superslabs.dirty_slices() == 0);
    slabs.assign(kPages, 0);
    for (Slice& slab : slabs)
        slab = take_slab(1);
    for (const Slice slab : slabs) {
        give({slab, 1});
        superslabs.purge_if_due();
    }
    REQUIRE(superslabs.dirty_slices() <= 100); // the need is forgotten
}

// A block that replaces another block reuses its slices.
UNIT_TEST_CASE_IN_CHILD("superslabs: what was in use lately may stay", unit::kNoHeap) {
    REQUIRE(window.open(256 * kMi));
    ashlar::os::settings.purge_delay_ms = std::size_t{1} << 40;
    ashlar::os::settings.dirty_limit = 256 * kMi;
    const Slice first = take(1000).first;
    const Slice second = take(200).first;
    superslabs.give(first, 1000);
    REQUIRE(superslabs.dirty_slices() == 1000);
    const Run again = take(1000);
    REQUIRE(again.first == first);
    REQUIRE_FALSE(again.zero);
    superslabs.give(again.first, 1000);
    superslabs.give(second, 200);
    REQUIRE(superslabs.dirty_slices() == 1200);
}

// Absent pages of runs in use do not raise the limit on dirty slices.
UNIT_TEST_CASE_IN_CHILD("superslabs: what is absent does not count as what is in use", unit::kNoHeap) {
    REQUIRE(window.open(256 * kMi));
    ashlar::os::settings.purge_delay_ms = std::size_t{1} << 40;
    ashlar::os::settings.dirty_limit = 64 * kSliceSize;
    const Slice first = take(1000).first;
    const Slice second = take(1000).first;
    superslabs.note_absent(500 * static_cast<std::ptrdiff_t>(kSliceSize));
    superslabs.give(second, 1000);
    REQUIRE(superslabs.dirty_slices() <= 64 + 500);
    superslabs.note_absent(-500 * static_cast<std::ptrdiff_t>(kSliceSize));
    superslabs.give(superslabs.take_at(second, 1000).first, 1000);
    REQUIRE(superslabs.dirty_slices() == 1000);
    superslabs.give(first, 1000);
}

// The heap takes clean slices while other slices are dirty. It then purges dirty slices to keep the peak low.
UNIT_TEST_CASE_IN_CHILD("superslabs: at a new peak few slices stay dirty", unit::kNoHeap) {
    REQUIRE(window.open(256 * kMi));
    ashlar::os::settings.purge_delay_ms = std::size_t{1} << 40;
    std::vector<Slice> blocks;
    for (unsigned i = 0; i < 40; ++i)
        blocks.push_back(take(16).first);
    for (unsigned i = 0; i < 40; i += 2) {
        std::memset(window.address_of(blocks[i]), 1, 16 * kSliceSize);
        superslabs.give(blocks[i], 16);
    }
    REQUIRE(superslabs.dirty_slices() == 320);
    REQUIRE(take(400).first != 0); // 720 slices are in use, up from 640
    purge_what_is_due();
    REQUIRE(superslabs.dirty_slices() <= 40);
}

// Purges of one step, in system calls and slices of 64 KiB.
struct Purged {
    std::uint64_t calls;
    std::size_t slices;
};
template <typename Work>
Purged purged_by(Work work) {
    const std::uint64_t calls = ashlar::os::counters.purges;
    const std::uint64_t bytes = ashlar::os::counters.purged_bytes;
    work();
    return {ashlar::os::counters.purges - calls, (ashlar::os::counters.purged_bytes - bytes) / kSliceSize};
}
constexpr std::size_t kMostSlices = 16;
constexpr std::uint64_t kMostCalls = 4;

// Takes 2 * `count` single slices, and returns every other one.
std::vector<Slice> take_every_other(unsigned count) {
    std::vector<Slice> slices;
    for (unsigned i = 0; i < 2 * count; ++i) {
        const Slice slice = take(1).first;
        if (i % 2 == 0) slices.push_back(slice);
    }
    return slices;
}

UNIT_TEST_CASE_IN_CHILD("superslabs: excess goes in steps of a mebibyte and four calls", unit::kNoHeap) {
    REQUIRE(window.open(256 * kMi));
    ashlar::os::settings.purge_delay_ms = std::size_t{1} << 40;
    ashlar::os::settings.dirty_limit = std::size_t{1} << 40;
    const std::vector<Slice> scattered = take_every_other(100);
    const Slice in_a_row = take(300).first; // above the scattered slices
    for (const Slice slice : scattered)
        superslabs.give(slice, 1);
    for (Slice slice = in_a_row; slice < in_a_row + 300; ++slice)
        superslabs.give(slice, 1);
    const std::size_t dirty = superslabs.dirty_slices();
    REQUIRE(dirty > 390); // of 400: the rest exceeded the peak
    ashlar::os::settings.dirty_limit = 0;
    superslabs.give(take(1).first, 1); // notes that slices are due
    unsigned steps = 0;
    while (superslabs.purge_is_due()) {
        const Purged step = purged_by([] { superslabs.purge_if_due(); });
        REQUIRE(step.slices <= kMostSlices);
        REQUIRE(step.calls <= kMostCalls);
        if (steps < 10) REQUIRE(step.slices == kMostSlices); // of the 300 in a row
        ++steps;
    }
    REQUIRE(superslabs.dirty_slices() <= superslabs.slices_in_use());
    REQUIRE(steps >= (dirty - superslabs.dirty_slices()) / kMostSlices);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: what is aged goes in steps", unit::kNoHeap) {
    REQUIRE(window.open(256 * kMi));
    ashlar::os::settings.purge_delay_ms = std::size_t{1} << 40;
    ashlar::os::settings.dirty_limit = std::size_t{1} << 40;
    const std::vector<Slice> scattered = take_every_other(100);
    for (const Slice slice : scattered)
        superslabs.give(slice, 1);
    superslabs.start_purging_aged();
    purge_what_is_due();
    REQUIRE(superslabs.dirty_slices() == 100); // no look had seen them dirty
    superslabs.start_purging_aged();
    superslabs.purge_if_due();
    REQUIRE(superslabs.dirty_slices() == 100 - kMostCalls);
    superslabs.start_purging_aged(); // a second look does not restart the purge
    unsigned steps = 1;
    while (superslabs.purge_is_due()) {
        const Purged step = purged_by([] { superslabs.purge_if_due(); });
        REQUIRE(step.slices <= kMostCalls);
        ++steps;
    }
    REQUIRE(superslabs.dirty_slices() == 0);
    REQUIRE(steps >= 100 / kMostCalls);
    REQUIRE(steps <= 100 / kMostCalls + 1);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: of a long run what exceeds the budget goes with its release",
                        unit::kNoHeap) {
    REQUIRE(window.open(256 * kMi));
    ashlar::os::settings.purge_delay_ms = std::size_t{1} << 40;
    ashlar::os::settings.dirty_limit = 64 * kSliceSize;
    const Slice first = take(1000).first;
    std::memset(window.address_of(first), 1, 1000 * kSliceSize);
    const Purged purged = purged_by([&] { superslabs.give(first, 1000); });
    REQUIRE(purged.calls == 1);
    REQUIRE(purged.slices == 1000 - 64);
    REQUIRE(superslabs.dirty_slices() == 64);
    REQUIRE_FALSE(superslabs.purge_is_due());
    REQUIRE(superslabs.slices_in_use() == 0);
    REQUIRE_FALSE(take(64).zero); // from `first` on
    REQUIRE(superslabs.take_at(first + 64, 936).zero);
    REQUIRE(std::all_of(window.address_of(first + 64), window.address_of(first + 1000),
                        [](char byte) { return byte == 0; }));
}

// Returns the number of resident slices in a run.
std::size_t warm_pages(Slice first, std::size_t slices) {
    std::size_t warm = 0;
    for (std::size_t i = 0; i < slices; ++i) {
        unsigned char resident[kSliceSize / 4096];
        REQUIRE(mincore(window.address_of(static_cast<Slice>(first + i)), kSliceSize, resident) == 0);
        warm += resident[0] & 1U;
    }
    return warm;
}

UNIT_TEST_CASE_IN_CHILD("superslabs: dirty slices are moved to where they are wanted", unit::kNoHeap) {
    REQUIRE(window.open(256 * kMi));
    purge_on_demand_only();
    std::vector<Slice> blocks; // one superslab each; every other block is free and dirty
    for (unsigned i = 0; i < 20; ++i)
        blocks.push_back(take(32).first);
    for (unsigned i = 0; i < 20; i += 2) {
        std::memset(window.address_of(blocks[i]), 1, 32 * kSliceSize);
        superslabs.give(blocks[i], 32);
    }
    const Run run = superslabs.take(200, Superslabs::Want::kWarm, 0);
    REQUIRE(run.first > blocks.back());
    REQUIRE_FALSE(run.zero);
    CHECK(warm_pages(run.first, 200) == 200);
    CHECK(superslabs.dirty_slices() == 120);
    // The sources of the move are zero memory now. Moves begin at the highest source.
    CHECK(take(32).first == blocks[0]);
    CHECK(take(32).first == blocks[2]);
    CHECK(take(32).first == blocks[4]);
    const Run last = take(32);
    CHECK(last.first == blocks[6]);
    const Run emptied = take(32);
    CHECK(emptied.first == blocks[8]);
    CHECK(emptied.zero);
    CHECK(*window.address_of(emptied.first) == 0);
    // The run can be released, although its slices lie in several mappings.
    std::memset(window.address_of(run.first), 2, 200 * kSliceSize);
    superslabs.give(run.first, 200);
    REQUIRE(superslabs.purge_all() == 200 * kSliceSize);
    const Run again = take(200);
    REQUIRE(again.first == run.first);
    CHECK(again.zero);
    CHECK(warm_pages(again.first, 200) == 0);
}

// Returns whether a child can read a byte of every slice.
bool a_child_reads(Held run) {
    const pid_t child = ::fork();
    if (child == 0) {
        for (Slice slice = run.first; slice < run.first + run.slices; ++slice)
            (void)*static_cast<volatile char*>(window.address_of(slice));
        ::_exit(0);
    }
    int status = -1;
    return ::waitpid(child, &status, 0) == child && status == 0;
}

void change_as_programs_do(Held run, unit::Random& random) {
    constexpr std::size_t kSmall = 4096;
    std::size_t begin = random.chance(70) ? 0 : random.below(run.slices * kSliceSize / kSmall) * kSmall;
    begin -= begin % ashlar::os::page_size();
    char* const start = window.address_of(run.first) + begin;
    const std::size_t size = run.slices * kSliceSize - begin;
    if (random.chance(50)) REQUIRE(::madvise(start, size, MADV_DONTFORK) == 0);
    if (random.chance(30)) REQUIRE(::madvise(start, size, MADV_HUGEPAGE) <= 0); // may be unsupported
    if (random.chance(50)) REQUIRE(::mprotect(start, size, PROT_READ) == 0);
    if (random.chance(30)) (void)::mlock(start, size); // as far as the limit allows
}

UNIT_TEST_CASE_IN_CHILD("superslabs: what programs do to a run ends with it, whatever lies beside it",
                        unit::kNoHeap) {
    REQUIRE(window.open(256 * kMi));
    unit::Random random;
    CAPTURE(random.seed());
    std::vector<Held> held;
    constexpr unsigned kSteps = unit::kSanitizer ? 500 : 3'000;
    for (unsigned step = 0; step < kSteps; ++step) {
        if (held.size() < 40 || (held.size() < 80 && random.chance(50))) {
            Held run{0, static_cast<unsigned>(random.between(1, random.chance(90) ? 6 : 90)),
                     random.chance(40) ? Kind::kSlab : Kind::kLarge};
            if (run.kind == Kind::kSlab) run.slices = random_pages(random);
            run.first = run.kind == Kind::kSlab
                            ? take_slab(run.slices)
                            : superslabs.take(run.slices, Superslabs::Want::kWarm, 0).first;
            REQUIRE(run.first != 0);
            if (run.kind == Kind::kSlab) window.set_headers(run.first, run.slices, SliceHeader{7, 9});
            stamp(run, step); // the run is writable
            REQUIRE(a_child_reads(run));
            if (run.kind == Kind::kLarge && random.chance(50)) change_as_programs_do(run, random);
            held.push_back(run);
            continue;
        }
        std::swap(held[random.below(held.size())], held.back());
        const Held run = held.back();
        held.pop_back();
        give(run);
        if (random.chance(5)) superslabs.purge_all();
    }
}

// Returns the unchecked slices of the whole heap.
std::size_t unchecked_slices() {
    std::size_t slices = 0;
    for (std::size_t s = window.first_slice / kSlicesPerSuperslab; s < superslabs.opened(); ++s)
        slices += static_cast<std::size_t>(std::popcount(superslabs.unchecked_slices(s)));
    return slices;
}

UNIT_TEST_CASE_IN_CHILD("superslabs: one question to the kernel is enough for many runs", unit::kNoHeap) {
    REQUIRE(window.open(256 * kMi));
    purge_on_demand_only();
    std::vector<Held> runs;
    for (unsigned i = 0; i < 200; ++i)
        runs.push_back({take(3).first, 3, Kind::kLarge});
    REQUIRE(unchecked_slices() == 0);
    for (std::size_t i = 0; i < runs.size(); i += 2)
        give(runs[i]);
    REQUIRE(unchecked_slices() == 300);
    REQUIRE(take(3).first == runs[0].first);
    REQUIRE(unchecked_slices() == 0);
    // A purge makes no query, so the purged slices remain unchecked.
    give(runs[1]);
    give(runs[3]);
    superslabs.purge_all();
    REQUIRE(unchecked_slices() == 6);
    REQUIRE(take(8).first == runs[1].first);
    REQUIRE(unchecked_slices() == 0);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: a block in use that was changed is no reason to reset others",
                        unit::kNoHeap) {
    REQUIRE(window.open(256 * kMi));
    purge_on_demand_only();
    std::vector<Slice> runs;
    for (unsigned i = 0; i < 40; ++i)
        runs.push_back(take(3).first);
    char* const changed = window.address_of(runs[20]);
    REQUIRE(::mprotect(changed, kSliceSize, PROT_READ) == 0);
    const std::size_t mappings = unit::count_mappings();
    for (unsigned round = 0; round < 100; ++round) {
        for (unsigned i = 0; i < 40; i += 3) {
            if (i != 20) superslabs.give(runs[i], 3);
        }
        for (unsigned i = 0; i < 40; i += 3) {
            if (i != 20) REQUIRE(take(3).first == runs[i]);
        }
    }
    REQUIRE(unit::count_mappings() == mappings); // the block is still read-only
    superslabs.give(runs[20], 3);
    REQUIRE(take(3).first == runs[20]);
    *changed = 1;
    REQUIRE(unit::count_mappings() == mappings - 2);
}

std::vector<Slice> eight_whole_superslabs() {
    REQUIRE(window.open(256 * kMi));
    purge_on_demand_only();
    std::vector<Slice> blocks;
    for (unsigned i = 0; i < 8; ++i)
        blocks.push_back(take(32).first);
    return blocks;
}

// A move drops locks, protection and advice of the program.
UNIT_TEST_CASE_IN_CHILD("superslabs: slices are moved without what a program did to them", unit::kNoHeap) {
    const std::vector<Slice> blocks = eight_whole_superslabs();
    for (unsigned i = 0; i < 8; i += 2) {
        std::memset(window.address_of(blocks[i]), 1, 32 * kSliceSize);
        REQUIRE(::madvise(window.address_of(blocks[i]), 32 * kSliceSize, MADV_DONTFORK) == 0);
        REQUIRE(::mprotect(window.address_of(blocks[i]), 8 * kSliceSize, PROT_READ) == 0);
        superslabs.give(blocks[i], 32);
    }
    const Run run = superslabs.take(100, Superslabs::Want::kWarm, 0);
    REQUIRE(run.first > blocks.back());
    CHECK(warm_pages(run.first, 100) == 100);
    stamp({run.first, 100}, 7);
    REQUIRE(a_child_reads({run.first, 100}));
}

UNIT_TEST_CASE_IN_CHILD("superslabs: slices that hold next to nothing stay where they are", unit::kNoHeap) {
    const std::vector<Slice> blocks = eight_whole_superslabs();
    for (unsigned i = 0; i < 8; i += 2) {
        *window.address_of(blocks[i]) = 1;
        superslabs.give(blocks[i], 32);
    }
    const std::size_t mappings = unit::count_mappings();
    for (unsigned i = 0; i < 10; ++i)
        REQUIRE(superslabs.take(100, Superslabs::Want::kWarm, 0).first > blocks.back());
    CHECK(superslabs.dirty_slices() == 128);
    CHECK(unit::count_mappings() == mappings);
}

// Slices of the run that receive memory from another block must not be donors for the same run.
UNIT_TEST_CASE_IN_CHILD("superslabs: a run gives no slices to itself", unit::kNoHeap) {
    REQUIRE(window.open(kMinWindow));
    purge_on_demand_only();
    const Slice block = take(16).first;
    const Slice hole = take(16).first;
    const Slice walled = take(16).first; // 16 clean slices follow
    REQUIRE(hole == block + 16);
    std::memset(window.address_of(block), 1, 48 * kSliceSize);
    superslabs.give(block, 16);
    superslabs.give(hole, 16);
    const Run run = superslabs.take_with_room(30, 16, 0);
    REQUIRE(run.first == block);
    REQUIRE(superslabs.slices_in_use() == 46);
    for (unsigned i = 0; i < 18; ++i) {
        const Slice other = take(1).first;
        REQUIRE((other < run.first || other >= run.first + 30));
        REQUIRE(other != walled);
    }
    REQUIRE(superslabs.slices_in_use() == 64);
}

// Each move may add mappings, whose number per process is limited. Purging merges them again.
UNIT_TEST_CASE_IN_CHILD("superslabs: purged slices lie in the window's own mapping", unit::kNoHeap) {
    REQUIRE(window.open(256 * kMi));
    purge_on_demand_only();
    const Slice a = take(100).first;
    const Slice wall = take(1).first;
    std::memset(window.address_of(a), 1, 100 * kSliceSize);
    superslabs.give(a, 100);
    REQUIRE(take(32 * 4).first != 0); // clean memory for the next take
    REQUIRE(take(32 * 8).first != 0); // so much that tables need not grow
    const std::size_t before = unit::count_mappings();
    const Run b = superslabs.take(110, Superslabs::Want::kWarm, 0);
    REQUIRE(b.first > wall);
    REQUIRE_FALSE(b.zero);
    superslabs.give(b.first, 110);
    const std::size_t between = unit::count_mappings();
    superslabs.purge_all();
    CHECK(unit::count_mappings() < between);
    CHECK(unit::count_mappings() <= before + 1);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: a block that grows finds room behind it", unit::kNoHeap) {
    REQUIRE(window.open(256 * kMi));
    const Slice low = take(3).first;
    REQUIRE(take(1).first == low + 3);
    superslabs.give(low, 3);
    const Slice growing = superslabs.take_with_room(1, 0, 0).first;
    REQUIRE(growing == low + 4); // not in the gap, where no fourfold growth is possible
    // The run can also grow beyond the opened superslabs.
    REQUIRE(superslabs.take_at(growing + 1, 100).first == growing + 1);
    REQUIRE(superslabs.slices_in_use() == 102);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: slices are purged after they have been dirty for the delay",
                        unit::kNoHeap) {
    REQUIRE(window.open(kMinWindow));
    ashlar::os::settings.purge_delay_ms = 20;
    const Slice kept = take_slab(1);
    const Slice slice = take(32).first;
    superslabs.give(slice, 32);
    REQUIRE(superslabs.dirty_slices() == 32);
    while (superslabs.dirty_slices() != 0) // takes effect at the second look, by the clock
        superslabs.purge_aged();
    REQUIRE(superslabs.take_at(slice, 32).zero);
    REQUIRE(superslabs.take_at(kept, 1).first == 0);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: free memory is withdrawn and comes back as zeroes", unit::kNoHeap) {
    REQUIRE(window.open(256 * kMi));
    purge_on_demand_only();
    const Slice low = take(200).first;
    const Slice kept = take(1).first;
    std::memset(window.address_of(low), 1, 200 * kSliceSize);
    *window.address_of(kept) = 1;
    superslabs.give(low, 200);
    const std::size_t committed = superslabs.committed();
    const std::size_t withdrawn = superslabs.withdraw_all();
    REQUIRE(withdrawn >= 200 * kSliceSize);
    REQUIRE(superslabs.withdraw_all() == 0);
    REQUIRE(superslabs.dirty_slices() == 0);
    REQUIRE(superslabs.slices_in_use() == 1);
    REQUIRE(superslabs.committed() <= committed - 6 * kSuperslabSize); // one superslab is partly in use
    REQUIRE(*window.address_of(kept) == 1);
    // Both short and long runs find the withdrawn memory again.
    const Run shorter = take(32);
    REQUIRE(shorter.zero);
    REQUIRE(shorter.first == low);
    REQUIRE(*window.address_of(low) == 0);
    const Run longer = take(100);
    REQUIRE(longer.zero);
    REQUIRE(longer.first == low + 32);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: a run at the heap's end grows there, whatever was withdrawn below",
                        unit::kNoHeap) {
    REQUIRE(window.open(256 * kMi));
    purge_on_demand_only();
    const Slice low = take(96).first;
    REQUIRE(take(1).first != 0);
    superslabs.give(low, 96);
    REQUIRE(superslabs.withdraw_all() != 0);
    const Slice last = take(224).first;
    const Slice end = last + 224;
    REQUIRE(superslabs.opened() == end / kSlicesPerSuperslab);
    REQUIRE(superslabs.take_at(end, 1).first == end);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: a long run that comes and goes stays in its place", unit::kNoHeap) {
    REQUIRE(window.open(1024 * kMi));
    purge_on_demand_only();
    const Slice first = take(100).first;
    REQUIRE(take(1).first != 0);
    superslabs.give(first, 100);
    REQUIRE(superslabs.withdraw_all() != 0);
    const std::size_t opened = superslabs.opened();
    for (unsigned i = 0; i < 20; ++i) {
        const Slice again = take(90).first;
        REQUIRE(again / kSlicesPerSuperslab <= (first + 31) / kSlicesPerSuperslab);
        superslabs.give(again, 90);
        REQUIRE(superslabs.withdraw_all() != 0);
    }
    REQUIRE(superslabs.opened() == opened);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: what is free in pieces makes room for a long run", unit::kNoHeap) {
    UNIT_SKIP_IF(unit::kSanitizer, "writable memory cannot be limited");
    REQUIRE(window.open(1024 * kMi));
    purge_on_demand_only();
    std::vector<Slice> blocks;
    for (unsigned i = 0; i < 16; ++i)
        blocks.push_back(take(48).first);
    unit::allow_writable_memory(2 * kMi);
    while (take(32).first != 0) {
    }
    for (unsigned i = 0; i < 16; i += 2)
        superslabs.give(blocks[i], 48);
    // Eight free runs of 48 slices, and none is long enough.
    const Run run = take(12 * 32);
    REQUIRE(run.first > blocks.back());
    REQUIRE(run.zero);
    std::memset(window.address_of(run.first), 1, 12 * 32 * kSliceSize);
    REQUIRE(take(12 * 32).first == 0);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: a run grows over free superslabs at the heap's end, and beyond",
                        unit::kNoHeap) {
    REQUIRE(window.open(512 * kMi));
    const Slice first = take(40 * kSlicesPerSuperslab).first; // opens more than requested from now on
    const Slice next = take(1).first;
    REQUIRE(next == first + 40 * kSlicesPerSuperslab);
    superslabs.give(next, 1);
    REQUIRE(superslabs.take_at(next, 50 * kSlicesPerSuperslab).first == next);
    REQUIRE(superslabs.slices_in_use() == 90 * kSlicesPerSuperslab);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: nothing is opened ahead of need while new memory is locked",
                        unit::kNoHeap) {
    UNIT_SKIP_IF(unit::kSanitizer, "whose mlockall does nothing");
    REQUIRE(window.open(512 * kMi));
    constexpr unsigned kOpen = 40; // superslabs; the next take would open more than needed
    REQUIRE(take(kOpen * kSlicesPerSuperslab).first != 0);
    REQUIRE(superslabs.committed() == kOpen * kSuperslabSize);
    UNIT_SKIP_IF(::mlockall(MCL_FUTURE) != 0, "this process may lock no memory");
    REQUIRE(take(kSlicesPerSuperslab).first != 0);
    CHECK(superslabs.committed() == (kOpen + 1) * kSuperslabSize);
    ::munlockall();
    REQUIRE(take(kSlicesPerSuperslab).first != 0);
    CHECK(superslabs.committed() > (kOpen + 2) * kSuperslabSize);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: huge pages are not broken for a few small ones", unit::kNoHeap) {
    UNIT_SKIP_IF(!ashlar::os::huge_pages_allowed(), "the system gives none");
    ashlar::os::settings.huge_pages = static_cast<std::size_t>(ashlar::os::HugePages::kAlways);
    REQUIRE(window.open(kMinWindow));
    const Slice first = take(32).first;
    std::memset(window.address_of(first), 1, 32 * kSliceSize);
    CHECK(superslabs.is_huge(first));
    superslabs.give(first, 8);
    superslabs.purge_aged();
    superslabs.purge_aged();
    CHECK(superslabs.dirty_slices() == 8);
    superslabs.give(first + 8, 10);
    superslabs.purge_aged();
    superslabs.purge_aged();
    CHECK(superslabs.dirty_slices() == 0);
    superslabs.give(first + 20, 1);
    CHECK(superslabs.purge_all() == kSliceSize);
    for (Slice slice = first + 21; slice < first + 32; ++slice)
        CHECK(*window.address_of(slice) == 1);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: a huge page that loses a part has small ones from then on",
                        unit::kNoHeap) {
    UNIT_SKIP_IF(!ashlar::os::huge_pages_allowed(), "the system gives none");
    ashlar::os::settings.huge_pages = static_cast<std::size_t>(ashlar::os::HugePages::kAuto);
    REQUIRE(window.open(std::size_t{1} << 30));
    constexpr unsigned kFilled = 128; // superslabs, enough for a large heap
    const Slice filled = take(kFilled * kSlicesPerSuperslab).first;
    REQUIRE(filled != 0);
    const Slice first = take(kSlicesPerSuperslab).first;
    CHECK_FALSE(superslabs.is_huge(filled));
    REQUIRE(superslabs.is_huge(first));
    const std::uint64_t before = ashlar::os::counters.break_ups;
    CHECK_FALSE(superslabs.stays_huge(first));
    CHECK(superslabs.break_up(filled)); // not huge
    CHECK(ashlar::os::counters.break_ups == before);
    CHECK(superslabs.break_up(first + 3));
    CHECK_FALSE(superslabs.is_huge(first));
    CHECK(superslabs.break_up(first));
    CHECK(ashlar::os::counters.break_ups == before + 1);
    superslabs.give(first, 1); // now one slice suffices
    superslabs.purge_aged();
    superslabs.purge_aged();
    CHECK(superslabs.dirty_slices() == 0);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: with huge_pages:always huge pages stay, and what they lose is counted",
                        unit::kNoHeap) {
    UNIT_SKIP_IF(!ashlar::os::huge_pages_allowed(), "the system gives none");
    ashlar::os::settings.huge_pages = static_cast<std::size_t>(ashlar::os::HugePages::kAlways);
    REQUIRE(window.open(kMinWindow));
    const std::uint64_t before = ashlar::os::counters.break_ups;
    const Slice first = take(kSlicesPerSuperslab).first;
    CHECK(superslabs.stays_huge(first));
    CHECK_FALSE(superslabs.break_up(first));
    superslabs.give(first, kSlicesPerSuperslab);
    superslabs.purge_all(); // a purge of a whole huge page is no break-up
    CHECK(ashlar::os::counters.break_ups == before);
    REQUIRE(take(kSlicesPerSuperslab).first == first);
    superslabs.give(first, kSlicesPerSuperslab / 2);
    superslabs.purge_all();
    CHECK(ashlar::os::counters.break_ups == before + 1);
    CHECK(superslabs.is_huge(first));
}

UNIT_TEST_CASE_IN_CHILD("superslabs: a run grows into free neighbours only", unit::kNoHeap) {
    REQUIRE(window.open(kMinWindow));
    const Slice first = take(40).first;
    REQUIRE(first != 0);
    REQUIRE(superslabs.take_at(first + 39, 2).first == 0);
    REQUIRE(superslabs.take_at(first + 40, 10).first == first + 40);
    REQUIRE(superslabs.take_at(first + 40, 10).first == 0);
    REQUIRE(superslabs.take_at(window.end_slice - 5, 10).first == 0);
    REQUIRE(superslabs.slices_in_use() == 50);
}

} // namespace
