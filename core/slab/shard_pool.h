// SPDX-License-Identifier: MIT
//
// Who owns which shard.
//
// A thread gets a shard when its cache starts and returns it when it ends. Free shards are handed out last
// in, first out: a new thread takes over what the last one left, with its slabs still warm. There is one
// shard per processor. When more threads live they share, evenly, the shard that was handed out last first.
// So a thread that starts its successor and ends has its blocks come home. More shards were measured to cost
// memory (each keeps slabs of every class) and to win nothing: their locks are for batches of blocks. Shard 1
// also serves calls without a cache (before start-up has finished, after a thread's cache is gone).
//
// On a machine with several nodes a shard is of the node whose thread it was made for, and takes its memory
// there. All of the above holds for each node by itself. A node has as many shards as it has processors,
// shared by the threads that started there. Only a thread whose node can have none gets another node's.
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

    bool prepare(); // makes the common shard, before any other call; false if there is no memory

    layout::Shard acquire();
    void release(layout::Shard shard);

    // The bin that the blocks of slices with this header belong to. Not for class 0.
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

    // In a forked child: only the calling thread, which owns `survivor` (or 0), is left.
    void forget_other_owners(layout::Shard survivor);

    os::Mutex<os::Rank::kShardPool>& mutex() { return mutex_; }

  private:
    friend struct observe::Tables; // tells other processes where things are
    bool may_create(os::Node node);
    layout::Shard create(os::Node node);
    layout::Shard take_free(os::Node node);
    layout::Shard share(os::Node node) const;

    os::Mutex<os::Rank::kShardPool> mutex_;
    std::atomic<unsigned> created_{0};
    unsigned processors_ = 0;                                      // 0: they have not been counted yet
    std::array<layout::Shard, os::kMaxNodes + 1> last_acquired_{}; // of each node, and of all
    unsigned free_count_ = 0;
    std::array<layout::Shard, kMaxShards> free_{}; // a stack
    std::array<std::uint32_t, kMaxShards + 1> users_{};
    std::array<os::Node, kMaxShards + 1> node_{};
    std::array<std::uint8_t, os::kMaxNodes> created_of_{}; // each node
    std::array<std::atomic<ShardBins*>, kMaxShards + 1> bins_{};
};

extern constinit ShardPool shard_pool;

} // namespace ashlar::slab
