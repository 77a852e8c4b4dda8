// SPDX-License-Identifier: MIT
#include "slab/shard_pool.h"

#include "layout/metadata_pool.h"
#include "os/topology.h"

#include <algorithm>
#include <new>

namespace ashlar::slab {

constinit ShardPool shard_pool;

namespace {

// So many are made before the processors are counted: most processes never need the system call.
constexpr unsigned kUncounted = 2;

} // namespace

bool ShardPool::create() {
    if (os::holds_all_locks) return false; // fork gives back the locks of the shards that it took
    const unsigned count = created();
    if (count >= kUncounted && limit_ == 0) limit_ = std::min(os::processors(), kMaxShards);
    if (count == kMaxShards || (limit_ != 0 && count >= limit_)) return false;
    void* const memory = layout::metadata_pool.take(sizeof(ShardBins));
    if (memory == nullptr) return false;
    bins_[count + 1].store(new (memory) ShardBins, std::memory_order_release);
    created_.store(count + 1, std::memory_order_release);
    return true;
}

bool ShardPool::prepare() {
    const os::Guard guard(mutex_);
    if (!create()) return false;
    free_[free_count_++] = kCommon;
    return true;
}

// The one with the fewest users.
layout::Shard ShardPool::share() const {
    unsigned best = last_acquired_;
    for (unsigned s = 1; s <= created(); ++s) {
        if (users_[s] < users_[best]) best = s;
    }
    return static_cast<layout::Shard>(best);
}

layout::Shard ShardPool::acquire() {
    const os::Guard guard(mutex_);
    layout::Shard shard = 0;
    if (free_count_ != 0) {
        shard = free_[--free_count_];
    } else if (create()) {
        shard = static_cast<layout::Shard>(created());
    } else {
        shard = share();
    }
    ++users_[shard];
    last_acquired_ = shard;
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
