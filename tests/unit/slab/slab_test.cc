// SPDX-License-Identifier: MIT
//
// A slab accesses its descriptor only, never its blocks. These slabs can therefore lie behind the open
// superslabs, where the window has no memory.
#include "../support/child.h"
#include "../support/random.h"
#include "layout/metadata_pool.h"
#include "slab/slab.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

namespace {

using namespace ashlar;       // NOLINT(google-build-using-namespace): the layer under test
using namespace ashlar::slab; // NOLINT(google-build-using-namespace): the layer under test

using layout::kClasses;
using layout::kShapes;
using layout::kSliceSize;
using layout::SizeClass;
using layout::window;

constexpr layout::Shard kOwner = 77;

layout::Slice a_page() {
    const layout::Slice page = 30 * layout::kSlicesPerSuperslab;
    REQUIRE(window.grow_slice_tables(page + layout::kMaxSlabSlices));
    return page;
}

void start(Slab& slab, unsigned number) {
    const auto c = static_cast<SizeClass>(number);
    const auto bitmap = Slab::take_bitmap(c);
    REQUIRE(bitmap);
    slab.start(c, kOwner, a_page(), *bitmap);
}

// A freshly started slab, finished at the end of the test.
class Fresh {
  public:
    explicit Fresh(unsigned c) { start(slab, c); }
    ~Fresh() { slab.finish(); }
    Fresh(const Fresh&) = delete;
    Fresh& operator=(const Fresh&) = delete;

    char* block(std::size_t index) const { return slab.start_address() + index * slab.shape().size; }
    std::size_t index(const void* block) const {
        return static_cast<std::size_t>(static_cast<const char*>(block) - slab.start_address()) /
               slab.shape().size;
    }
    // Takes up to `count` blocks. Returns their indices in the order of use.
    std::vector<std::size_t> take(std::uint32_t count) {
        std::vector<void*> slots(count + 2, &slab);
        const std::uint32_t taken = slab.take(slots.data() + count + 1, count);
        REQUIRE(taken <= count);
        REQUIRE(slots.front() == &slab);
        REQUIRE(slots.back() == &slab);
        std::vector<std::size_t> indices;
        for (std::uint32_t i = 0; i < taken; ++i) {
            void* const block = slots[count - i];
            indices.push_back(index(block));
            if (this->block(indices.back()) != block) FAIL("no start of a block");
        }
        return indices;
    }
    // Gives back addresses in this slab. Returns the number taken back before a fault, and the fault.
    Slab::Returned give_addresses(std::vector<void*> addresses) {
        return slab.give(addresses.data(), static_cast<std::uint32_t>(addresses.size()));
    }
    std::size_t give(const std::vector<std::size_t>& indices) {
        std::vector<void*> addresses;
        for (const std::size_t i : indices)
            addresses.push_back(block(i));
        const Slab::Returned returned = give_addresses(addresses);
        if (returned.fault != Fault::kNone) FAIL("block " << indices[returned.count] << " is refused");
        return returned.count;
    }
    Fault give_one(void* address) { return give_addresses({address}).fault; }

    Slab slab{};
};

TEST_CASE("slab: a fresh one gives its blocks in the order of addresses") {
    for (unsigned c = 1; c < kClasses; ++c) {
        CAPTURE(c);
        Fresh fresh(c);
        const Slab& slab = fresh.slab;
        REQUIRE(slab.size_class() == c);
        REQUIRE(slab.shard() == kOwner);
        REQUIRE(slab.first_slice() == a_page());
        REQUIRE(slab.start_address() == window.address_of(a_page()));
        REQUIRE(slab.blocks() == kShapes[c].blocks);
        REQUIRE(slab.free_blocks() == slab.blocks());
        REQUIRE(slab.empty());
        std::size_t expected = 0;
        for (std::uint32_t batch = 1; expected < slab.blocks(); batch = batch * 2 + 1) {
            const std::vector<std::size_t> taken = fresh.take(batch);
            REQUIRE(taken.size() == std::min<std::size_t>(batch, slab.blocks() - expected));
            for (const std::size_t index : taken) {
                if (index != expected++) FAIL("block " << index << " came instead of " << expected - 1);
            }
            REQUIRE(slab.free_blocks() == slab.blocks() - expected);
            REQUIRE_FALSE(slab.empty());
        }
        REQUIRE(fresh.take(5).empty());
        REQUIRE(fresh.take(0).empty());
    }
}

TEST_CASE("slab: the lowest freed block comes first, and new ones only when there is none") {
    Fresh fresh(3);
    fresh.take(300);
    CHECK(fresh.give({250, 7, 131, 8, 64, 63, 0, 299}) == 8);
    CHECK(fresh.take(3) == std::vector<std::size_t>{0, 7, 8});
    CHECK(fresh.give({1}) == 1);
    CHECK(fresh.take(8) == std::vector<std::size_t>{1, 63, 64, 131, 250, 299});
    CHECK(fresh.take(2) == std::vector<std::size_t>{300, 301});
}

TEST_CASE("slab: random batches of every class agree with a model") {
    for (unsigned c = 1; c < kClasses; ++c) {
        unit::Random random(c);
        CAPTURE(c, random.seed());
        Fresh fresh(c);
        const std::size_t blocks = fresh.slab.blocks();
        std::set<std::size_t> freed;
        std::vector<std::size_t> held;
        std::size_t never_used = 0;
        for (unsigned step = 0; step < 200; ++step) {
            if (random.chance(step < 100 ? 60 : 40)) {
                const auto count = static_cast<std::uint32_t>(random.below(blocks / 3) + 1);
                const std::size_t there = freed.empty() ? blocks - never_used : freed.size();
                const bool used_before = !freed.empty();
                const std::vector<std::size_t> taken = fresh.take(count);
                if (taken.size() != std::min<std::size_t>(count, there))
                    FAIL(taken.size() << " of " << count);
                for (const std::size_t index : taken) {
                    const std::size_t expected = used_before ? *freed.begin() : never_used++;
                    freed.erase(expected);
                    if (index != expected) FAIL("block " << index << " came instead of " << expected);
                    held.push_back(index);
                }
            } else {
                const std::size_t count = std::min(held.size(), random.below(blocks / 3) + 1);
                std::vector<std::size_t> given;
                for (std::size_t i = 0; i < count; ++i) {
                    std::swap(held[random.below(held.size())], held.back());
                    given.push_back(held.back());
                    held.pop_back();
                }
                if (fresh.give(given) != count) FAIL("not all " << count << " were counted");
                freed.insert(given.begin(), given.end());
            }
            const bool right =
                fresh.slab.free_blocks() == blocks - held.size() && fresh.slab.empty() == held.empty();
            if (!right) FAIL(fresh.slab.free_blocks() << " are free while " << held.size() << " are held");
        }
    }
    SUCCEED();
}

std::vector<std::size_t> row_of(std::size_t first, std::size_t count, bool downwards) {
    std::vector<std::size_t> row;
    for (std::size_t i = 0; i < count; ++i)
        row.push_back(downwards ? first + count - 1 - i : first + i);
    return row;
}

TEST_CASE("slab: rows of neighbours come back and are handed out again, upwards and downwards") {
    for (unsigned c = 1; c < kClasses; ++c) {
        unit::Random random(c);
        CAPTURE(c, random.seed());
        Fresh fresh(c);
        const std::size_t blocks = fresh.slab.blocks();
        fresh.take(fresh.slab.blocks());
        for (unsigned round = 0; round < 20; ++round) {
            const std::size_t first = random.below(blocks);
            const std::size_t count = round == 0 ? blocks - first : random.between(1, blocks - first);
            REQUIRE(fresh.give(row_of(first, count, round % 2 != 0)) == count);
            REQUIRE(fresh.slab.free_blocks() == count);
            const auto half = static_cast<std::uint32_t>(count / 2);
            REQUIRE(fresh.take(half) == row_of(first, half, false));
            REQUIRE(fresh.take(fresh.slab.blocks()) == row_of(first + half, count - half, false));
            REQUIRE(fresh.slab.free_blocks() == 0);
        }
    }
}

TEST_CASE("slab: in a row of neighbours the one at fault is found") {
    for (unsigned c = 1; c < kClasses; ++c) {
        CAPTURE(c);
        for (const bool downwards : {false, true}) {
            Fresh fresh(c);
            const std::size_t blocks = fresh.slab.blocks();
            const std::size_t used = fresh.take(static_cast<std::uint32_t>(blocks - 1)).size();
            const std::size_t twice = used / 2;
            REQUIRE(fresh.give_one(fresh.block(twice)) == Fault::kNone);
            std::vector<void*> row;
            for (const std::size_t index : row_of(0, used, downwards))
                row.push_back(fresh.block(index));
            const Slab::Returned returned = fresh.give_addresses(row);
            REQUIRE(returned.fault == Fault::kDoubleFree);
            REQUIRE(row[returned.count] == fresh.block(twice));
            REQUIRE(fresh.slab.free_blocks() == blocks - used + 1 + returned.count);
        }
        // The last block was never handed out. The row continues beyond the slab.
        Fresh fresh(c);
        const std::size_t used = fresh.take(fresh.slab.blocks() - 1).size();
        std::vector<void*> row;
        for (std::size_t index = 0; index < used + 3; ++index)
            row.push_back(fresh.block(index));
        const Slab::Returned returned = fresh.give_addresses(row);
        REQUIRE(returned.fault == Fault::kNeverAllocated);
        REQUIRE(returned.count == used);
    }
}

TEST_CASE("slab: an address inside a block is refused") {
    for (unsigned c = 1; c < kClasses; ++c) {
        CAPTURE(c);
        Fresh fresh(c);
        const std::size_t count = fresh.take(8).size();
        const std::size_t size = kShapes[c].size;
        for (const std::size_t within : {std::size_t{1}, std::size_t{8}, size / 2, size - 1}) {
            REQUIRE(fresh.give_one(fresh.block(0) + within) == Fault::kInterior);
            REQUIRE(fresh.give_one(fresh.block(count - 1) + within) == Fault::kInterior);
        }
        REQUIRE(fresh.slab.free_blocks() == fresh.slab.blocks() - count);
    }
}

TEST_CASE("slab: a block that was never allocated is refused") {
    for (unsigned c = 1; c < kClasses; ++c) {
        CAPTURE(c);
        Fresh fresh(c);
        REQUIRE(fresh.give_one(fresh.block(0)) == Fault::kNeverAllocated);
        fresh.take(5);
        REQUIRE(fresh.give_one(fresh.block(5)) == Fault::kNeverAllocated);
        REQUIRE(fresh.give_one(fresh.block(fresh.slab.blocks() - 1)) == Fault::kNeverAllocated);
        REQUIRE(fresh.give_one(fresh.block(4)) == Fault::kNone);
        REQUIRE(fresh.slab.free_blocks() == fresh.slab.blocks() - 4);
    }
}

TEST_CASE("slab: what lies behind the last block is no block") {
    unsigned classes = 0;
    for (unsigned c = 1; c < kClasses; ++c) {
        if (kShapes[c].slices * kSliceSize == std::size_t{kShapes[c].size} * kShapes[c].blocks) continue;
        ++classes;
        CAPTURE(c);
        Fresh fresh(c);
        REQUIRE(fresh.give_one(fresh.block(fresh.slab.blocks())) == Fault::kNoBlock);
        fresh.take(fresh.slab.blocks());
        REQUIRE(fresh.give_one(fresh.block(fresh.slab.blocks())) == Fault::kNoBlock);
        REQUIRE(fresh.give_one(fresh.block(fresh.slab.blocks() - 1)) == Fault::kNone);
    }
    CHECK(classes > 20);
}

TEST_CASE("slab: a block that is free already is refused") {
    for (unsigned c = 1; c < kClasses; ++c) {
        CAPTURE(c);
        Fresh fresh(c);
        const std::size_t last = fresh.take(fresh.slab.blocks()).size() - 1;
        for (const std::size_t index : {std::size_t{0}, std::size_t{1}, last / 2, last}) {
            REQUIRE(fresh.give_one(fresh.block(index)) == Fault::kNone);
            REQUIRE(fresh.give_one(fresh.block(index)) == Fault::kDoubleFree);
        }
        REQUIRE(fresh.slab.free_blocks() == 4);
    }
}

TEST_CASE("slab: a block twice in one batch is refused, wherever the other one stands") {
    for (unsigned c = 1; c < kClasses; ++c) {
        CAPTURE(c);
        Fresh fresh(c);
        const std::size_t last = fresh.take(fresh.slab.blocks()).size() - 1;
        for (const std::size_t index : {std::size_t{0}, last}) {
            void* const twice = fresh.block(index);
            const auto next_to_it = fresh.give_addresses({twice, twice});
            REQUIRE(next_to_it.fault == Fault::kDoubleFree);
            REQUIRE(next_to_it.count == 1);
            REQUIRE(fresh.give_addresses({fresh.block(last / 2), fresh.block(last - 1), twice}).count == 2);
            REQUIRE(fresh.give_one(twice) == Fault::kDoubleFree);
            REQUIRE(fresh.slab.free_blocks() == 3);
            fresh.take(3);
        }
    }
}

TEST_CASE("slab: after a fault the blocks are as if it had not been named") {
    for (unsigned c = 1; c < kClasses; ++c) {
        CAPTURE(c);
        Fresh fresh(c);
        fresh.take(7);
        REQUIRE(fresh.give_one(fresh.block(5)) == Fault::kNone);
        REQUIRE(fresh.give_one(fresh.block(5)) == Fault::kDoubleFree);
        REQUIRE(fresh.give_one(fresh.block(3) + 8) == Fault::kInterior);
        REQUIRE(fresh.give_one(fresh.block(7)) == Fault::kNeverAllocated);
        REQUIRE(fresh.give_one(fresh.block(2)) == Fault::kNone);
        REQUIRE(fresh.slab.free_blocks() == fresh.slab.blocks() - 5);
        REQUIRE(fresh.take(3) == std::vector<std::size_t>{2, 5});
        REQUIRE(fresh.take(1) == std::vector<std::size_t>{7});
    }
}

TEST_CASE("slab: takes back only its own of blocks of several slabs") {
    for (unsigned c = 1; c < kClasses; ++c) {
        CAPTURE(c);
        Fresh fresh(c);
        fresh.take(3);
        char* const behind = fresh.slab.start_address() + kShapes[c].slices * layout::kSliceSize;
        for (void* const other :
             {static_cast<void*>(behind), static_cast<void*>(fresh.slab.start_address() - 16)}) {
            const auto returned = fresh.give_addresses({fresh.block(1), other, fresh.block(2)});
            REQUIRE(returned.count == 1);
            REQUIRE(returned.fault == Fault::kNone);
            REQUIRE(fresh.take(1) == std::vector<std::size_t>{1});
        }
    }
}

TEST_CASE("slab: bitmaps go back to the pool") {
    for (unsigned round = 0; round < 3; ++round) {
        static std::size_t committed = 0;
        for (unsigned i = 0; i < 1000; ++i) {
            for (const unsigned c : {1U, 2U, 4U, 8U}) {
                Fresh fresh(c);
                fresh.take(10);
            }
        }
        if (round == 0) committed = window.pool.committed();
        CHECK(window.pool.committed() == committed);
    }
}

TEST_CASE("slab: a descriptor that is used again knows nothing of before") {
    Slab slab;
    for (unsigned c = kClasses - 1; c >= 1; --c) {
        CAPTURE(c);
        start(slab, c);
        REQUIRE(slab.empty());
        REQUIRE(slab.free_blocks() == slab.blocks());
        std::vector<void*> slots(slab.blocks());
        REQUIRE(slab.take(slots.data() + slots.size(), slab.blocks()) == slab.blocks());
        REQUIRE(slots.back() == slab.start_address());
        REQUIRE(slab.give(slots.data(), slab.blocks()).count == slab.blocks());
        slab.finish();
    }
}

UNIT_TEST_CASE_IN_CHILD("slab: cannot start without memory for its bitmap", unit::kNoHeap) {
    REQUIRE(window.open(layout::kMinWindow));
    while (layout::metadata_pool.take(64) != nullptr) {
    }
    REQUIRE_FALSE(Slab::take_bitmap(1));
    const auto bitmap = Slab::take_bitmap(kClasses - 1); // in the descriptor
    REQUIRE(bitmap);
    REQUIRE(*bitmap == nullptr);
}

TEST_CASE("slab: the descriptor of a page is that of its slab's first page") {
    for (unsigned i = 1; i < kClasses; ++i) {
        const auto c = static_cast<SizeClass>(i);
        const layout::Slice first = a_page();
        for (layout::Slice page = first; page < first + kShapes[c].slices; ++page) {
            CHECK(&slab_at(page, c) == &slab_at(first, c));
        }
        CHECK(&slab_at(first + kShapes[c].slices, c) != &slab_at(first, c));
        CHECK(reinterpret_cast<std::uintptr_t>(&slab_at(first, c)) ==
              window.slab_descriptors.start() + std::size_t{first} * layout::kSlabDescriptorSize);
    }
}

TEST_CASE("slab: the block around every address of a slab") {
    for (unsigned i = 1; i < kClasses; ++i) {
        const auto c = static_cast<SizeClass>(i);
        const layout::ClassShape& shape = kShapes[c];
        char* const start = window.address_of(a_page());
        const std::size_t used = std::size_t{shape.blocks} * shape.size;
        for (std::size_t offset = 0; offset < shape.slices * kSliceSize; ++offset) {
            char* const expected = offset < used ? start + offset / shape.size * shape.size : nullptr;
            if (block_around(start + offset, c) != expected) FAIL("offset " << offset << " of class " << i);
        }
    }
    SUCCEED();
}

} // namespace
