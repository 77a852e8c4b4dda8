// SPDX-License-Identifier: MIT
//
// Pools of the test. The bins of their shards come from the process's metadata pool and are never released.
#include "../support/child.h"
#include "../support/nodes.h"
#include "layout/metadata_pool.h"
#include "layout/superslab.h"
#include "os/topology.h"
#include "slab/shard_pool.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <sched.h>
#include <set>
#include <thread>
#include <vector>

namespace {

using namespace ashlar;       // NOLINT(google-build-using-namespace): the layer under test
using namespace ashlar::slab; // NOLINT(google-build-using-namespace): the layer under test

using layout::Shard;

std::unique_ptr<ShardPool> prepared() {
    auto pool = std::make_unique<ShardPool>();
    REQUIRE(pool->created() == 0);
    REQUIRE(pool->prepare());
    REQUIRE(pool->created() == 1);
    return pool;
}

// Acquires shards until the pool shares one, which is released. Returns the shards in order of acquisition.
std::vector<Shard> acquire_all(ShardPool& pool) {
    std::vector<Shard> shards;
    for (;;) {
        const Shard shard = pool.acquire();
        if (std::find(shards.begin(), shards.end(), shard) != shards.end()) {
            pool.release(shard);
            return shards;
        }
        shards.push_back(shard);
    }
}

TEST_CASE("shard pool: shards are numbered from the common one") {
    const auto pool = prepared();
    CHECK(pool->acquire() == ShardPool::kCommon);
    CHECK(pool->acquire() == 2);
    CHECK(pool->created() == 2);
}

TEST_CASE("shard pool: who comes takes over what was left last") {
    const auto pool = prepared();
    std::vector<Shard> shards = acquire_all(*pool);
    REQUIRE(shards.size() >= 2);
    const unsigned created = pool->created();
    for (const Shard shard : shards)
        pool->release(shard);
    std::reverse(shards.begin(), shards.end());
    for (const Shard expected : shards)
        CHECK(pool->acquire() == expected);
    CHECK(pool->created() == created);
    pool->release(shards[1]);
    CHECK(pool->acquire() == shards[1]);
}

// The pool counts processors only when two shards exist.
TEST_CASE("shard pool: no more than one for each processor") {
    const auto pool = prepared();
    for (unsigned i = 0; i < 1000; ++i)
        pool->acquire();
    CHECK(pool->created() >= std::min(os::processors(), ShardPool::kMaxShards));
    CHECK(pool->created() <= std::max(os::processors(), 2U));
    CHECK(pool->created() <= ShardPool::kMaxShards);
}

TEST_CASE("shard pool: a process bound to one processor has few") {
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        cpu_set_t mask;
        CPU_ZERO(&mask);
        CPU_SET(static_cast<unsigned>(::sched_getcpu()), &mask);
        REQUIRE(::sched_setaffinity(0, sizeof(mask), &mask) == 0);
        const auto pool = prepared();
        for (unsigned i = 0; i < 100; ++i)
            pool->acquire();
        REQUIRE(pool->created() <= 2);
    }));
}

TEST_CASE("shard pool: shared evenly when there are more users, beginning with the last") {
    const auto pool = prepared();
    const std::vector<Shard> shards = acquire_all(*pool);
    std::map<Shard, unsigned> users;
    for (const Shard shard : shards)
        users[shard] = 1;
    Shard last = shards.back();
    for (std::size_t i = 0; i < 6 * shards.size(); ++i) {
        const Shard shared = pool->acquire();
        if (i % shards.size() == 0) CHECK(shared == last);
        last = shared;
        ++users[shared];
    }
    CHECK(users.size() == shards.size());
    for (const auto& [shard, count] : users) {
        CAPTURE(shard);
        CHECK(count == 7);
    }
}

TEST_CASE("shard pool: a shared one is free when its last user has gone") {
    const auto pool = prepared();
    const std::vector<Shard> shards = acquire_all(*pool);
    Shard shared = 0;
    std::map<Shard, unsigned> users;
    for (const Shard shard : shards)
        users[shard] = 1;
    while (users[shared = pool->acquire()]++ == 1 && users.size() < shards.size()) {
    }
    REQUIRE(users[shared] >= 2);
    // The shard still has a user, so the pool must not hand it out as unused.
    pool->release(shared);
    users[shared]--;
    Shard other = 0;
    for (const Shard shard : shards) {
        if (shard != shared) other = shard;
    }
    while (users[other]-- > 0)
        pool->release(other);
    CHECK(pool->acquire() == other);
    while (users[shared]-- > 0)
        pool->release(shared);
    CHECK(pool->acquire() == shared);
}

TEST_CASE("shard pool: every bin of every shard is there, visited in one order") {
    const auto pool = prepared();
    const std::size_t shards = acquire_all(*pool).size();
    std::set<Bin*> bins;
    std::vector<unsigned> order;
    pool->for_each_bin([&](layout::SliceHeader header, Bin& bin) {
        bins.insert(&bin);
        order.push_back(header.shard() * 256U + header.size_class());
        if (&pool->bin(header) != &bin) FAIL("another bin for the same header");
        if (bin.blocks_out() != 0) FAIL("a new bin has blocks out");
        if (reinterpret_cast<std::uintptr_t>(&bin) % 64 != 0) FAIL("a bin shares a line");
    });
    CHECK(bins.size() == shards * (layout::kClasses - 1));
    CHECK(order.size() == bins.size());
    CHECK(std::is_sorted(order.begin(), order.end()));
    std::vector<unsigned> again;
    pool->for_each_bin([&](layout::SliceHeader header, Bin&) {
        again.push_back(header.shard() * 256U + header.size_class());
    });
    CHECK(order == again);
}

TEST_CASE("shard pool: after a fork only the survivor's shard is taken") {
    for (const bool has_survivor : {true, false}) {
        CAPTURE(has_survivor);
        const auto pool = prepared();
        const std::vector<Shard> shards = acquire_all(*pool);
        pool->acquire(); // shared
        const Shard survivor = has_survivor ? shards.back() : Shard{0};
        pool->forget_other_owners(survivor);
        std::set<Shard> free;
        for (std::size_t i = has_survivor ? 1 : 0; i < shards.size(); ++i)
            free.insert(pool->acquire());
        CHECK(free.size() == shards.size() - (has_survivor ? 1 : 0));
        CHECK(free.count(survivor) == 0);
        CHECK(pool->created() == shards.size());
        if (has_survivor) {
            pool->release(survivor);
            CHECK(pool->acquire() == survivor);
        }
    }
}

TEST_CASE("shard pool: threads that come and go share it out without a loss") {
    const auto pool = prepared();
    const std::vector<Shard> shards = acquire_all(*pool);
    for (const Shard shard : shards)
        pool->release(shard);
    std::atomic<unsigned> faults = 0;
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 6; ++t) {
        threads.emplace_back([&] {
            for (unsigned i = 0; i < 3000; ++i) {
                const Shard mine = pool->acquire();
                if (mine == 0 || mine > shards.size()) ++faults;
                pool->release(mine);
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    CHECK(faults == 0);
    CHECK(acquire_all(*pool).size() == shards.size());
}

UNIT_TEST_CASE_IN_CHILD("shard pool: no memory, no shard", unit::kNoHeap) {
    REQUIRE(layout::window.open(layout::kMinWindow));
    while (layout::metadata_pool.take(layout::MetadataPool::kMinBlock) != nullptr) {
    }
    const auto pool = std::make_unique<ShardPool>();
    REQUIRE_FALSE(pool->prepare());
}

UNIT_TEST_CASE_IN_CHILD("shard pool: shares what it has when there is no memory for more", unit::kNoHeap) {
    REQUIRE(layout::window.open(layout::kMinWindow));
    const auto pool = prepared();
    while (layout::metadata_pool.take(layout::MetadataPool::kMinBlock) != nullptr) {
    }
    for (unsigned i = 0; i < 10; ++i)
        REQUIRE(pool->acquire() == ShardPool::kCommon);
}

// A fork handler may allocate while fork holds all locks. Fork would release a new shard's untaken locks.
TEST_CASE("shard pool: none is made while fork holds all locks") {
    const auto pool = prepared();
    pool->acquire();
    os::forking = 1;
    const Shard shared = pool->acquire();
    os::forking = 0;
    CHECK(shared == ShardPool::kCommon);
    CHECK(pool->created() == 1);
    CHECK(pool->acquire() == 2);
}

Shard acquire_on(ShardPool& pool, unsigned node) {
    unit::node_here = node;
    return pool.acquire();
}

TEST_CASE("shard pool: a thread gets a shard of its node") {
    for (const unsigned nodes : {2U, 4U}) {
        CAPTURE(nodes);
        const unit::Nodes machine(nodes);
        const auto pool = prepared();
        CHECK(pool->node_of(ShardPool::kCommon) == 0);
        const unsigned each = (os::processors() + nodes - 1) / nodes;
        std::map<unsigned, std::set<Shard>> shards;
        for (unsigned i = 0; i < 8 * nodes * each; ++i) {
            const unsigned node = nodes - 1 - i % nodes;
            const Shard shard = acquire_on(*pool, node);
            CHECK(pool->node_of(shard) == node);
            shards[node].insert(shard);
        }
        for (const auto& [node, its] : shards) {
            CAPTURE(node);
            CHECK(its.size() >= each);
            CHECK(its.size() <= std::max(each, 2U)); // the pool makes two shards before it counts processors
        }
    }
}

TEST_CASE("shard pool: each node's shards are handed out and shared by themselves") {
    const unit::Nodes machine(2);
    const auto pool = prepared();
    const Shard a = acquire_on(*pool, 1);
    const Shard b = acquire_on(*pool, 0);
    CHECK(a != b);
    pool->release(a);
    pool->release(b);
    CHECK(acquire_on(*pool, 1) == a); // although b was released last
    // Threads share a shard of their node before they use a shard of another node.
    std::set<Shard> of_first;
    for (unsigned i = 0; i < 100; ++i) {
        const Shard shard = acquire_on(*pool, 1);
        CHECK(pool->node_of(shard) == 1);
        of_first.insert(shard);
    }
    CHECK(of_first.count(b) == 0);
    CHECK(acquire_on(*pool, 0) == b);
}

UNIT_TEST_CASE_IN_CHILD("shard pool: a node without a shard shares another's", unit::kNoHeap) {
    REQUIRE(layout::window.open(layout::kMinWindow));
    const unit::Nodes machine(2);
    const auto pool = prepared();
    while (layout::metadata_pool.take(layout::MetadataPool::kMinBlock) != nullptr) {
    }
    REQUIRE(acquire_on(*pool, 1) == ShardPool::kCommon); // a free shard
    REQUIRE(acquire_on(*pool, 1) == ShardPool::kCommon); // a shard in use
    pool->release(ShardPool::kCommon);
    pool->release(ShardPool::kCommon);
    REQUIRE(acquire_on(*pool, 0) == ShardPool::kCommon);
}

TEST_CASE("shard pool: after a fork each node's shards are its own") {
    const unit::Nodes machine(2);
    const auto pool = prepared();
    const Shard a = acquire_on(*pool, 1);
    const Shard b = acquire_on(*pool, 0);
    pool->forget_other_owners(0);
    CHECK(acquire_on(*pool, 1) == a);
    CHECK(acquire_on(*pool, 0) == b);
}

UNIT_TEST_CASE_IN_CHILD("shard pool: a shard's bins take the memory of its node", unit::kNoHeap) {
    REQUIRE(layout::window.open(layout::kMinWindow));
    const unit::Nodes machine(4);
    const auto pool = prepared();
    for (const unsigned node : {3U, 0U, 2U}) {
        const Shard shard = acquire_on(*pool, node);
        for (const auto c : {layout::SizeClass{1}, layout::SizeClass{30}, layout::SizeClass{64}}) {
            void* block = nullptr;
            REQUIRE(pool->bin({c, shard}).take(c, shard, &block + 1, 1) == 1);
            REQUIRE(layout::superslabs.node_of(layout::window.slice_of(block)) == node);
        }
    }
}

} // namespace
