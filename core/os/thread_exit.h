// SPDX-License-Identifier: MIT
//
// A function that is called when a thread ends.
//
// A pthread key calls it. The first thread that asks makes the key, so a process that never allocates has
// none. C++'s way (__cxa_thread_atexit_impl) needs no key, but takes the dynamic loader's lock. It may
// deadlock: a library's constructor, inside dlopen, may join a thread that allocates for the first time. So
// C++'s way is only for a process that has no key left. With a key, the function runs after C++'s
// thread-local destructors. Other keys' destructors may run later, and allocate.
#pragma once

namespace ashlar::os {

using ThreadExitFunction = void (*)();

// Sets the function, once and before call_at_thread_exit(). Not thread-safe.
void prepare_thread_exit(ThreadExitFunction function);

// Makes the function run when the calling thread ends. At exit() it does not run, except possibly in the main
// thread. May allocate, so the caller holds no lock. Returns false if neither way works.
bool call_at_thread_exit();

} // namespace ashlar::os
