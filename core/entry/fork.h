// SPDX-License-Identifier: MIT
//
// What fork does to the allocator.
//
// Before the fork this thread takes the C library's lock on the list of streams. Then it takes all locks of
// the allocator in the order of ranks. The parent gives all back. The child resets them, and forgets the
// caches of threads that it does not have. A process without threads takes nothing.
//
// A signal handler may fork while its thread holds locks: it then takes the others as well. The child's heap
// is *closed* until the interrupted code has given its locks back: allocations go to the fallback and
// releases do nothing. Nobody waits for ever for a lock of the allocator. A thread that holds no lock gives
// all back after a while and tries again. Somebody may hold one and wait, in a fork of his own, for what this
// one has. A thread that holds one forks without the others after a while: its child's heap stays closed. The
// interrupted call still finishes what it was at, on a heap that another thread may have been changing. It
// does no decay and nothing for other threads. Whoever makes such a child should call execve or _exit.
//
// Forks may be nested, by signal handlers and by other fork handlers: the outermost one gives back.
#pragma once

namespace ashlar::entry {

// Once, before any thread starts.
[[gnu::visibility("hidden")]] void watch_forks();

} // namespace ashlar::entry
