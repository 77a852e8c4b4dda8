# SPDX-License-Identifier: MIT
# Mistakes that the search must find, each in a program of its own. A text must stand in the source as it is here: when
# the source changes, the mistake is to be made anew.

planted_bug(forgotten_sleeper SCENARIO mutex SOURCE os/mutex.cc
  INSTEAD_OF [[state_.compare_exchange_weak(seen, taken | kContended, std::memory_order_acquire,
]] STANDS [[state_.compare_exchange_weak(seen, taken, std::memory_order_acquire,
]])

planted_bug(lost_wake SCENARIO mutex SOURCE os/mutex.cc
  INSTEAD_OF [[    system_call(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, 1);
]] STANDS [[]])

planted_bug(unlocked_hand_over SCENARIO shard_hand_over SOURCE slab/shard_pool.cc
  INSTEAD_OF [[void ShardPool::release(layout::Shard shard) {
    const os::Guard guard(mutex_);
]] STANDS [[void ShardPool::release(layout::Shard shard) {
]])

planted_bug(cache_found_then_used SCENARIO shard_hand_over PREEMPTIONS 2 SOURCE cache/thread_registry.cc
  INSTEAD_OF [[    use(number);
    live_.store(live() + 1, std::memory_order_relaxed);
]] STANDS [[    mutex_.unlock();
    mutex_.lock();
    use(number);
    live_.store(live() + 1, std::memory_order_relaxed);
]])

planted_bug(shard_counted_before_it_is_there SCENARIO statistics SOURCE slab/shard_pool.cc
  INSTEAD_OF [[    bins_[shard].store(new (memory) ShardBins(node), std::memory_order_release);
    created_.store(shard, std::memory_order_release);
]] STANDS [[    created_.store(shard, std::memory_order_release);
    bins_[shard].store(new (memory) ShardBins(node), std::memory_order_release);
]])

planted_bug(count_after_unlocking SCENARIO remote_return SOURCE slab/bin.cc
  INSTEAD_OF [[        progress = give_locked(expected, blocks, count, deferred);
    }
]] STANDS [[        progress = give_locked(expected, blocks, count, deferred);
        blocks_out_.store(blocks_out() + count, std::memory_order_relaxed);
    }
    blocks_out_.store(blocks_out() - count, std::memory_order_relaxed);
]])

planted_bug(unlocked_exit SCENARIO thread_exit SOURCE cache/thread_registry.cc
  INSTEAD_OF [[void ThreadRegistry::remove(ThreadCache& removed) {
    const os::Guard guard(mutex_);
]] STANDS [[void ThreadRegistry::remove(ThreadCache& removed) {
]])

planted_bug(fork_forgets_a_lock SCENARIO fork_while_refilling SOURCE entry/fork.cc
  INSTEAD_OF [[    visit(layout::metadata_pool.mutex());
]] STANDS [[]])

planted_bug(fork_without_locks SCENARIO fork_while_refilling SOURCE entry/fork.cc
  INSTEAD_OF [[    while (!take_all(holder ? kPatienceOfHolder : kPatience)) {
]] STANDS [[    while (false && !take_all(holder ? kPatienceOfHolder : kPatience)) {
]])

planted_bug(fork_wakes_nobody SCENARIO fork_while_refilling SOURCE os/mutex.cc
  INSTEAD_OF [[    if (holder() == Holder::kItsFork) release_and_wake();
]] STANDS [[    if (holder() == Holder::kItsFork) state_.store(kFree, std::memory_order_release);
]])

planted_bug(header_cleared_late SCENARIO slab_empties SOURCE slab/bin.cc
  INSTEAD_OF [[        layout::superslabs.give(slab.first_slice(), slab.shape().slices);
    }
]] STANDS [[        layout::superslabs.give(slab.first_slice(), slab.shape().slices);
        layout::window.set_headers(slab.first_slice(), slab.shape().slices, layout::kUnused);
    }
]])

planted_bug(slab_published_before_its_bitmap SCENARIO slab_begins SOURCE slab/bin.cc
  INSTEAD_OF [[    slab.start(c, owner, first, *bitmap);
    const os::Guard guard(mutex_);
    layout::window.set_headers(first, slices, {c, owner});
    put(slab, kEmptiest);
    count_slabs(1);
    return true;
]] STANDS [[    {
        const os::Guard guard(mutex_);
        layout::window.set_headers(first, slices, {c, owner});
        put(slab, kEmptiest);
        count_slabs(1);
    }
    slab.start(c, owner, first, *bitmap);
    return true;
]])

planted_bug(purging_slab_in_a_list SCENARIO slab_purged SOURCE slab/bin.cc
  INSTEAD_OF [[        if (slab.list == kCurrent || slab.list == kPurging) continue;
]] STANDS [[        if (slab.list == kCurrent) continue;
]])

planted_bug(mixed_slab_published_before_its_maps SCENARIO slab_mixed SOURCE slab/mixed_slabs.cc
  INSTEAD_OF [[    const os::Guard guard(mutex_);
    MixedSlab& mixed = MixedSlab::replace(slab, static_cast<MixedSlab::Maps*>(maps));
    window.set_headers(mixed.slice(), 1, mixed_header(shard_));
]] STANDS [[    window.set_headers(slab.first_slice(), 1, mixed_header(shard_));
    const os::Guard guard(mutex_);
    MixedSlab& mixed = MixedSlab::replace(slab, static_cast<MixedSlab::Maps*>(maps));
]])

planted_bug(pages_nobody_counts SCENARIO slab_mixed SOURCE slab/mixed_slab.cc
  INSTEAD_OF [[        used_ = static_cast<std::uint16_t>(used_ + kUnitsPerPage);
]] STANDS [[]])

planted_bug(run_found_then_taken SCENARIO large_runs SOURCE layout/superslab.cc
  INSTEAD_OF [[            const os::Guard guard(mutex_);
            if (const Slice found = map_.find(slices, fit, wanted); found != 0) return take(found);
            openings = map_.openings();
]] STANDS [[            Slice found = 0;
            {
                const os::Guard guard(mutex_);
                found = map_.find(slices, fit, wanted);
                openings = map_.openings();
            }
            const os::Guard guard(mutex_);
            if (found != 0) return take(found);
]])

planted_bug(large_block_seen_then_freed SCENARIO large_freed_twice SOURCE heap/large.cc
  INSTEAD_OF [[    if (window.replace_header(first, kHeader, kNoBlock)) return;
]] STANDS [[    const bool mine = window.header(first) == kHeader;
    window.publish_header(first, kNoBlock);
    if (mine) return;
]])

planted_bug(resized_without_a_claim SCENARIO large_freed_and_resized SOURCE heap/large.cc
  INSTEAD_OF [[    claim(first);
    const bool done = resize_claimed(first, slices);
]] STANDS [[    const bool done = resize_claimed(first, slices);
]])

planted_bug(growth_without_a_second_look SCENARIO heap_grows SOURCE layout/growth.cc
  INSTEAD_OF [[        if (map_.openings() != seen) return Growth::kDone;
]] STANDS [[        static_cast<void>(seen);
]])

planted_bug(asleep_without_a_second_look SCENARIO background SOURCE os/background.cc
  INSTEAD_OF [[        if (work()) { // came in between, and may not have seen it
            state.store(kAwake, std::memory_order_relaxed);
            continue;
        }
]] STANDS [[]])

planted_bug(drained_while_inside SCENARIO drain SOURCE cache/drain.cc
  INSTEAD_OF [[if (passed && cache->owner->is_outside()) return false;
]] STANDS [[if (passed) return false;
]])

planted_bug(slow_path_ignores_the_claim SCENARIO drain PREEMPTIONS 2 SOURCE cache/thread_cache.cc
  INSTEAD_OF [[    if (!own().begin()) return false;
]] STANDS [[    own().enter();
]])

planted_bug(ended_while_drained SCENARIO drain_at_exit SOURCE cache/thread_cache.cc
  INSTEAD_OF [[void detach() {
    begin_after_drain();
]] STANDS [[void detach() {
    own().enter();
]])

planted_bug(runs_drained_while_used SCENARIO drain_runs SOURCE cache/thread_cache.cc
  INSTEAD_OF [[        const Entry entry;
        if (!entry) return false;
        const os::Node node = node_of_this_thread();
]] STANDS [[        const os::Node node = node_of_this_thread();
]])

planted_bug(malloc_ignores_closed_stacks SCENARIO drain PREEMPTIONS 2 SOURCE entry/prefixed.cc
  HEADER cache/pointer_stacks.h
  INSTEAD_OF [==[        if (closed()) [[unlikely]] {
            std::size_t again = c; // computes the address again, or the likely way has an instruction more
            asm("" : "+r"(again));
            set_top(static_cast<unsigned>(again), top);
            return false;
        }
]==] STANDS [[]])

planted_bug(malloc_looks_before_it_moves_top SCENARIO drain PREEMPTIONS 2 SOURCE entry/prefixed.cc
  HEADER cache/pointer_stacks.h
  INSTEAD_OF [==[        set_top(c, top - 1);
        __atomic_signal_fence(__ATOMIC_SEQ_CST); // the processor's order is the drainer's concern
        if (closed()) [[unlikely]] {
            std::size_t again = c; // computes the address again, or the likely way has an instruction more
            asm("" : "+r"(again));
            set_top(static_cast<unsigned>(again), top);
            return false;
        }
]==] STANDS [[        if (closed()) return false;
        set_top(c, top - 1);
]])

planted_bug(drainer_forgets_the_bottom SCENARIO drain SOURCE cache/returns.cc
  INSTEAD_OF [[    theirs.set_bottom(c, local.first + local.count);
]] STANDS [[]])
