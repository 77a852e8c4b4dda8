// SPDX-License-Identifier: MIT
//
// A memory barrier that all threads of the process execute, wherever each of them is (membarrier). What
// another thread does with two plain stores then needs no barrier of its own.
#pragma once

namespace ashlar::os {

// Every running thread has executed a barrier when this returns, and those that do not run will before they
// do. False if the kernel knows no such call, or forbids it. The first call of a process with threads takes
// some milliseconds, because the kernel must be told beforehand. That is not done at the start: a sandbox may
// end a process for a call that nobody asked for, and filters outlive exec.
bool barrier_in_all_threads();
// It was false, and will be.
bool barriers_are_refused();

} // namespace ashlar::os
