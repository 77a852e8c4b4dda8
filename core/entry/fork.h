// SPDX-License-Identifier: MIT
//
// What fork does to the allocator.
//
// Before the fork the thread takes the C library's lock on the list of streams, then all locks of the
// allocator in rank order. The parent releases them. The child resets them and forgets the caches of threads
// that it does not have. A process with one thread takes no lock.
//
// A signal handler may fork while its thread holds locks. Then it takes the others too. The child's heap is
// *closed* until the interrupted code has released its locks. Meanwhile allocations use the fallback and
// releases do nothing.
//
// No fork waits for ever for a lock of the allocator. A thread that holds none releases all after 30 ms and
// tries again, because the lock's owner may wait in a fork of its own. A thread that holds a lock forks
// without the missing ones after 90 ms, and its child's heap remains closed. The interrupted call still
// finishes, on a heap that another thread may have been changing. It does no decay and no work for other
// threads. That child should call execve or _exit.
//
// Forks may be nested, in signal handlers and other fork handlers. The outermost one releases the locks.
#pragma once

namespace ashlar::entry {

// Registers the fork handlers. Call it once, before any thread starts.
[[gnu::visibility("hidden")]] void watch_forks();

} // namespace ashlar::entry
