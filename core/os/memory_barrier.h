// SPDX-License-Identifier: MIT
//
// A memory barrier that all threads of the process execute, wherever they are (membarrier). Two plain stores
// of another thread then need no barrier of their own.
#pragma once

namespace ashlar::os {

// Makes every running thread execute a barrier. A thread that does not run executes one before it runs again.
// Returns false if the kernel lacks or forbids the call.
//
// In a process with threads, the first call takes some milliseconds to register with the kernel. Start-up
// does not register: a sandbox may end a process for an unexpected call, and filters outlive exec.
bool barrier_in_all_threads();
// Returns whether barrier_in_all_threads() has failed. It then always fails.
bool barriers_are_refused();

} // namespace ashlar::os
