// SPDX-License-Identifier: MIT
//
// The slow paths of a thread cache: start, refill, flush, kept runs, decay, and end. While another thread
// drains the cache (drain.h), they work without it.
// The depth of stacks is set in depth.h. All functions concern the calling thread and hold no lock on return.
//
// Re-entry. Slow paths call functions of the C library that may allocate, and so re-enter this layer. They do
// so only where the stacks are consistent, and use no value afterwards that they read from the stacks before.
// These places are the end of attach() and decay steps, the first or last step of a slow path. The calls are
//   call_at_thread_exit     pthread_key_create, pthread_setspecific, __cxa_thread_atexit_impl
//   start_background        pthread_create
// The heap makes further calls outside of this layer, before it has changed anything. These are dlsym,
// dlopen, pthread_once and all functions of the fallback. Signal handlers must not allocate, so they are not
// considered.
#pragma once

#include "cache/pointer_stacks.h"

namespace ashlar::cache {

// Allows threads to have caches. Called when start-up is over and thread-local storage keeps its place.
void allow_caches();

// Returns a block from the thread cache or from a shard, or null if the window has no more memory.
void* allocate(layout::SizeClass c);

// Takes back a block whose slice has this header (not class 0).
void release(layout::SliceHeader header, void* block);

// Kept runs of the calling thread (see kept_runs.h). take_run() returns a run of exactly `slices` slices,
// which may not read zero, or 0. keep_run() takes a run whose header is zero, and returns whether the thread
// keeps it. If not, the caller still owns it.
layout::Slice take_run(std::size_t slices);
bool keep_run(layout::Slice first, std::size_t slices);

// Do a decay step (see decay.h) and begin to return what this thread has left idle since the last round.
// Called after large blocks that were not taken from or added to the kept runs.
void look_after_allocation();
void look_after_release();

// Returns all cached blocks, which slabs check, and kept runs of the calling thread. The cache remains
// usable.
void flush();

// Does the same for all other threads outside of slow paths, if the kernel allows it (drain.h).
void drain_others();

// Ends the calling thread's cache and returns its contents and shard. Later calls work without a cache.
void end_thread();

// Repairs the caches in a forked child, after the locks have been reset. `at_once` is true in the fork
// handler, before anything else can have run.
void survive_fork(bool at_once);

// Between the two calls the thread has no cache: fast paths find nothing, and the cache does not change. For
// code that interrupted a call of this layer. If the heap is not `whole`, the thread may use up its stacks
// afterwards, but never returns them. Decay ends as well.
void set_aside();
void put_back(bool whole);

} // namespace ashlar::cache
