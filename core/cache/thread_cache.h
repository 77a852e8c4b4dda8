// SPDX-License-Identifier: MIT
//
// The slow paths of a thread's cache: making it, refilling and flushing its stacks, their depth, and its end.
//
// Stacks start shallow and deepen with what the class shows. A class that only grows (refill after refill)
// gets moderate depth, to take blocks in larger batches; one whose slow paths alternate between refill and
// flush would have been served by a deeper stack and may become as deep as its blocks are small, within a
// budget of bytes per thread. Everything here is about the calling thread and holds no lock on return.
#pragma once

#include "cache/pointer_stacks.h"

namespace ashlar::cache {

// From now on threads may have caches (start-up is over: thread-local storage is what it will stay).
void allow_caches();

// A block of the class, from the thread's cache or, when it has none, straight from a shard; null if the
// window has no more memory.
void* allocate(layout::SizeClass c);

// Takes back a block whose page has this header (not class 0).
void release(layout::PageHeader header, void* block);

// A run of exactly so many pages that the thread released lately, not known to read zero; 0 if it has none.
layout::Page take_run(std::size_t pages);
// Keeps a run of `pages`, whose header is zero, for the calling thread. False if it would not: it is the
// caller's then.
bool keep_run(layout::Page first, std::size_t pages);

// Returns every cached block of the calling thread to its slab, which checks it; the cache stays usable.
void flush();

// Ends the calling thread's cache: blocks, arrays and shard go back. Later calls work without a cache.
void end_thread();

// In a forked child, after the locks have been reset.
void survive_fork();

} // namespace ashlar::cache
