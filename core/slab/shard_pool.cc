// SPDX-License-Identifier: MIT
#include "slab/shard_pool.h"

#include "layout/metadata_pool.h"
#include "layout/slice_map.h"
#include "os/topology.h"

#include <algorithm>
#include <new>

namespace ashlar::slab {

constinit ShardPool shard_pool;

namespace {

// Shards that are made before the processors are counted. Most processes never need that system call.
constexpr unsigned kUncounted = 2;

using layout::kAnyNode;

} // namespace

bool ShardPool::may_create(os::Node node) {
    if (os::forking != 0) return false; // fork unlocks only the shards that it locked
    if (created() == kMaxShards) return false;
    if (created() < kUncounted) return true;
    if (processors_ == 0) {
        processors_ = os::processors();
        os::note_processors(processors_);
    }
    return created_of_[node] < (processors_ + os::nodes() - 1) / os::nodes();
}

layout::Shard ShardPool::create(os::Node node) {
    if (!may_create(node)) return 0;
    void* const memory = layout::metadata_pool.take(sizeof(ShardBins));
    if (memory == nullptr) return 0;
    const unsigned shard = created() + 1;
    node_[shard] = node;
    ++created_of_[node];
    bins_[shard].store(new (memory) ShardBins(node), std::memory_order_release);
    created_.store(shard, std::memory_order_release);
    return static_cast<layout::Shard>(shard);
}

bool ShardPool::prepare() {
    const os::Node node = os::current_node();
    const os::Guard guard(mutex_);
    if (create(node) == 0) return false;
    free_[free_count_++] = kCommon;
    return true;
}

// Returns the free shard that was released last, or 0.
layout::Shard ShardPool::take_free(os::Node node) {
    for (unsigned i = free_count_; i-- != 0;) {
        if (node != kAnyNode && node_[free_[i]] != node) continue;
        const layout::Shard shard = free_[i];
        std::copy(free_.begin() + i + 1, free_.begin() + free_count_, free_.begin() + i);
        --free_count_;
        return shard;
    }
    return 0;
}

// Returns the shard with the fewest users, or 0. Called when no shard is free.
layout::Shard ShardPool::share(os::Node node) const {
    unsigned best = last_acquired_[node];
    for (unsigned s = 1; s <= created(); ++s) {
        if ((node == kAnyNode || node_[s] == node) && users_[s] < users_[best]) best = s;
    }
    return static_cast<layout::Shard>(best);
}

layout::Shard ShardPool::acquire() {
    const os::Node node = os::current_node();
    const os::Guard guard(mutex_);
    layout::Shard shard = take_free(node);
    if (shard == 0) shard = create(node);
    if (shard == 0) shard = share(node);
    if (shard == 0) shard = take_free(kAnyNode);
    if (shard == 0) shard = share(kAnyNode);
    ++users_[shard];
    last_acquired_[node_[shard]] = shard;
    last_acquired_[kAnyNode] = shard;
    return shard;
}

void ShardPool::release(layout::Shard shard) {
    const os::Guard guard(mutex_);
    if (--users_[shard] == 0) free_[free_count_++] = shard;
}

void ShardPool::forget_other_owners(layout::Shard survivor) {
    free_count_ = 0;
    for (unsigned s = created(); s >= 1; --s) {
        users_[s] = s == survivor ? 1 : 0;
        if (s != survivor) free_[free_count_++] = static_cast<layout::Shard>(s);
    }
}

} // namespace ashlar::slab
