// SPDX-License-Identifier: MIT
//
// Interrupts each thread of the process whenever it has used the processor for some time, so that its stack
// can be looked at. docs/design/observe.md, "CPU samples", says why it is done in this way.
//
// Each thread has a timer of its own, on its own CPU time, whose signal goes to that thread. So a thread that
// sleeps is never interrupted, and no system call of the program ends early for it. Timers are made by a
// thread of this library (os/bare_thread.h), the watcher. It looks for new threads each time the process has
// used the processor for 5 ms more. While the process sleeps, the watcher does.
//
// The signal is SIGURG: its default is to be ignored, so one that comes late harms nobody. A program that
// handles SIGURG itself is left alone: there are no samples then.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ashlar::observe::cpu_sampler {

inline constexpr std::size_t kMostHertz = 1000;

struct Hooks {
    // In the handler, on the thread that used the processor. `context` is what it was interrupted in.
    void (*sample)(const void* context, std::uint64_t microseconds);
    // In the watcher, each time it wakes. Without thread-local variables: see os/bare_thread.h.
    void (*watch)();
};

enum class State : std::uint32_t {
    kOff = 0,
    kSamples = 1,
    kSignalInUse = 2, // the program handles it
    kNoThread = 3,    // the watcher could not be started
};

// One thread at a time, likewise stop(). While it is on, this changes the rate.
State start(std::size_t hertz, const Hooks& hooks);
void stop();
State state();
// In a forked child, which has neither timers nor the watcher: both begin again if it was on.
void survive_fork();

std::uint32_t microseconds(); // between two samples of a thread; 0: off

// Nanoseconds of CPU time that the process has used, without the watcher's.
std::uint64_t used();
// Threads that have no timer, because there was none to be had.
std::uint64_t unwatched();

} // namespace ashlar::observe::cpu_sampler
