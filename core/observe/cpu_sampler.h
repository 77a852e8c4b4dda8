// SPDX-License-Identifier: MIT
//
// Interrupts each thread of the process whenever it has used some CPU time, so that its stack can be sampled.
// docs/design/observe.md, "CPU samples", says why it works in this way.
//
// Each thread has a timer on its own CPU time, whose signal goes to that thread. So a sleeping thread is
// never interrupted, and no system call of the program ends early. A thread of this library, the watcher,
// makes the timers (os/bare_thread.h). It looks for new threads each time the process has used 5 ms more of
// CPU time. It sleeps while the process sleeps.
//
// The signal is SIGURG. Its default is to be ignored, so a late signal is harmless. A program that handles
// SIGURG itself gets no samples.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ashlar::observe::cpu_sampler {

inline constexpr std::size_t kMostHertz = 1000;

struct Hooks {
    // Called in the signal handler, on the thread that used the processor, with the interrupted context.
    void (*sample)(const void* context, std::uint64_t microseconds);
    // Called in the watcher each time it wakes. Must not use thread-local variables: see os/bare_thread.h.
    void (*watch)();
};

enum class State : std::uint32_t {
    kOff = 0,
    kSamples = 1,
    kSignalInUse = 2, // the program handles it
    kNoThread = 3,    // the watcher could not be started
};

// Starts sampling, or changes the rate while it is on. One thread at a time may call start() or stop().
State start(std::size_t hertz, const Hooks& hooks);
void stop();
State state();
// Starts the timers and the watcher again in a forked child, which has neither, if sampling was on.
void survive_fork();

std::uint32_t microseconds(); // between two samples of a thread; 0: off

// Returns the CPU time of the process in ns, without the watcher's.
std::uint64_t used();
// Returns the number of threads that have no timer because the system refused one.
std::uint64_t unwatched();

} // namespace ashlar::observe::cpu_sampler
