// SPDX-License-Identifier: MIT
//
// A function to call when a thread ends.
//
// By a pthread key, made when the first thread asks: a process that never allocates does not pay for it.
// C++'s own way (__cxa_thread_atexit_impl) would cost no key, but it takes the dynamic loader's lock. A
// thread may allocate for the first time while another is inside dlopen and waits for it. That is so where a
// library's constructor starts and joins a thread. It would never return. It is the second choice, for a
// process that has no key left by then. With a key, the function runs after C++'s thread-local destructors;
// destructors of other keys may run, and allocate, after it.
#pragma once

namespace ashlar::os {

using ThreadExitFunction = void (*)();

// Once, before call_at_thread_exit; not thread-safe.
void prepare_thread_exit(ThreadExitFunction function);

// Arranges for the function to run when the calling thread ends (not at exit() of the process, in the main
// thread possibly then too). May allocate: hold no lock. False if neither way is to be had.
bool call_at_thread_exit();

} // namespace ashlar::os
