// SPDX-License-Identifier: MIT
//
// The slow paths of a thread's cache: making it, refilling and flushing its stacks, their depth, its recent
// runs, and its end. While another thread drains the cache (drain.h) they do without it.
//
// How deep the stacks are is the matter of depth.h. Everything here is about the calling thread and holds no
// lock on return.
//
// Re-entry. The slow paths call functions of the C library that may allocate, and so come back here in the
// middle of them. Each such call is made where the stacks are as malloc and free want them. Nothing that was
// read of them before counts afterwards. That is at the end of making a cache, and in the look around that is
// the first or last step of a slow path. The calls are
//   call_at_thread_exit     pthread_key_create, pthread_setspecific, __cxa_thread_atexit_impl
//   start_background        pthread_create
// The heap's own, outside of this layer and before it has touched anything: dlsym, dlopen, pthread_once and
// all functions of the fallback. Signal handlers, which must not allocate, are no concern.
#pragma once

#include "cache/pointer_stacks.h"

namespace ashlar::cache {

// From now on threads may have caches (start-up is over: thread-local storage is what it will stay).
void allow_caches();

// A block of the class, from the thread's cache or straight from a shard. Null if the window has no more
// memory.
void* allocate(layout::SizeClass c);

// Takes back a block whose slice has this header (not class 0).
void release(layout::SliceHeader header, void* block);

// The kept runs of the calling thread (see kept_runs.h). take_run() gives one of exactly so many slices,
// not known to read zero, or 0. keep_run() says whether the thread keeps one whose header is zero. What it
// does not keep is the caller's.
layout::Slice take_run(std::size_t slices);
bool keep_run(layout::Slice first, std::size_t slices);

// Decay (see decay.h), and what the thread itself has to give back since others did it. After large blocks
// that were not taken from or kept among the kept runs.
void look_after_allocation();
void look_after_release();

// Returns every cached block of the calling thread to its slab, which checks it, and its kept runs; the
// cache stays usable.
void flush();

// Likewise of all other threads that are not in the middle of a slow path, if the kernel lets us (drain.h).
void drain_others();

// Ends the calling thread's cache: blocks, arrays and shard go back. Later calls work without a cache.
void end_thread();

// In a forked child, after the locks have been reset. `at_once`: in its fork handler, before anything else
// can have happened.
void survive_fork(bool at_once);

// Between the two the calling thread has no cache: its fast paths find nothing, and nothing of what it has
// changes. For code that interrupted a call of this layer. If the heap is not `whole`, the thread may use up
// what it has afterwards, and never returns it. Then nobody does decay either.
void set_aside();
void put_back(bool whole);

} // namespace ashlar::cache
