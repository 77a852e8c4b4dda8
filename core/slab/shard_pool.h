// SPDX-License-Identifier: MIT
//
// The shards and the threads that use them.
//
// A thread acquires a shard when its cache starts and releases it when the cache ends. Free shards are handed
// out last in, first out, so a new thread gets the slabs that are still warm. There is one shard per
// processor. Further threads share the shard with the fewest users, and among equals the one handed out last.
// So a thread that starts its successor and ends hands over blocks that the successor sees as its own.
// More shards were measured to cost memory, because each keeps slabs of every class. They saved no time,
// because a lock is taken per batch of blocks. Shard 1 also serves calls without a cache: before start-up has
// finished and after a thread's cache has ended.
//
// On a machine with several nodes a shard takes its memory from the node of the thread that it was made for.
// All rules above hold for each node separately. A node has as many shards as processors. A thread gets a
// shard of another node only if its own node can have none.
#pragma once

#include "os/mutex.h"
#include "os/topology.h"
#include "slab/bin.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::observe {
struct Tables;
}

namespace ashlar::slab {

// A shard: an owner of slabs, with one bin for each size class.
struct ShardBins {
    explicit ShardBins(os::Node node) {
        for (Bin& each : bins)
            each.set_node(node);
    }

    std::array<Bin, layout::kClasses - 1> bins;

    Bin& bin(layout::SizeClass c) { return bins[c - 1U]; }
};

class ShardPool {
  public:
    static constexpr layout::Shard kCommon = 1;
    static constexpr unsigned kMaxShards = 255;

    // Makes the common shard. Call it before all others. Returns false if there is no memory.
    bool prepare();

    layout::Shard acquire();
    void release(layout::Shard shard);

    // Returns the bin for blocks of slices with this header. Not for class 0.
    Bin& bin(layout::SliceHeader header) {
        return bins_[header.shard()].load(std::memory_order_acquire)->bin(header.size_class());
    }
    os::Node node_of(layout::Shard shard) const { return node_[shard]; }
    unsigned created() const { return created_.load(std::memory_order_acquire); }

    // Calls visit(header, bin) for every bin of every shard, in the order in which fork locks them.
    template <typename Visit>
    void for_each_bin(Visit visit) {
        for (unsigned s = 1; s <= created(); ++s) {
            for (unsigned c = 1; c < layout::kClasses; ++c) {
                const layout::SliceHeader header{static_cast<layout::SizeClass>(c),
                                                 static_cast<layout::Shard>(s)};
                visit(header, bin(header));
            }
        }
    }

    // Releases all shards except `survivor`, the caller's shard or 0. For a forked child.
    void forget_other_owners(layout::Shard survivor);

    os::Mutex<os::Rank::kShardPool>& mutex() { return mutex_; }

  private:
    friend struct observe::Tables; // publishes member offsets to other processes
    bool may_create(os::Node node);
    layout::Shard create(os::Node node);
    layout::Shard take_free(os::Node node);
    layout::Shard share(os::Node node) const;

    os::Mutex<os::Rank::kShardPool> mutex_;
    std::atomic<unsigned> created_{0};
    unsigned processors_ = 0;                                      // 0: not counted yet
    std::array<layout::Shard, os::kMaxNodes + 1> last_acquired_{}; // for each node, and for all nodes
    unsigned free_count_ = 0;
    std::array<layout::Shard, kMaxShards> free_{}; // a stack
    std::array<std::uint32_t, kMaxShards + 1> users_{};
    std::array<os::Node, kMaxShards + 1> node_{};
    std::array<std::uint8_t, os::kMaxNodes> created_of_{}; // for each node
    std::array<std::atomic<ShardBins*>, kMaxShards + 1> bins_{};
};

extern constinit ShardPool shard_pool;

} // namespace ashlar::slab
