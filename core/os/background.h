// SPDX-License-Identifier: MIT
//
// The library's own thread. It calls a function once per purge delay while there is work to do. With a chore,
// it also does the chore once per second and on request.
#pragma once

namespace ashlar::os {

// Returns false if nothing is left to do. The thread then sleeps until wake_background().
using BackgroundFunction = bool (*)();

// Starts the thread, unless that was tried before. The thread blocks all signals but 32 and 33, with which
// the C library stops threads. The caller holds no lock, because pthread_create allocates. Only allocations
// may call this. During a release the C library may hold a lock that pthread_create takes.
void start_background(BackgroundFunction function);
// Wakes the thread for more work. Returns false if there is no thread.
bool wake_background();

// Sets the chore, before the thread starts. `called` is true if call_background() asked for it.
using Chore = void (*)(bool called);
void set_background_chore(Chore chore);
// Requests the chore, which the thread begins within 1 s. Async-signal-safe.
void call_background();

// Resets the state in a forked child, which does not have the thread.
void forget_background();

} // namespace ashlar::os
