// SPDX-License-Identifier: MIT
//
// Real threads, called actors, of which one runs at a time. At each point where the order could matter, the
// scheduler chooses the actor that continues. It follows the run's turns, its seed or the default.
//
// Points are the atomic operations on contended words, and the system calls. Waiting on a futex is simulated:
// no actor sleeps in the kernel for another actor. So a deadlock is found at once: no actor can continue. A
// run that fails writes down the error and ends its process.
#pragma once

#include "plan.h"

#include <span>
#include <string_view>
#include <vector>

namespace schedules {

struct Scenario {
    std::string_view name;
    void (*prepare)(); // runs once, in the parent of all runs
    std::vector<void (*)()> actors;
    void (*check)();      // runs after all actors have ended; calls fail() on an error
    unsigned preemptions; // preemptions of the exhaustive search by default
    bool at_each_write =
        false; // makes each write a point, for actors that see all memory at once, as fork does
};

// ---- For the process of a run

// Makes the actors, runs them to their ends and checks. Call it at most once.
void play(const Scenario& scenario, Run& run);
// Makes operations on this word points from now on.
void watch(const volatile void* word);

[[noreturn]] void fail(const char* why);
[[noreturn]] void fail_with_race(Place first, Place second, const char* accesses);

inline void require(bool holds, const char* what) {
    if (!holds) fail(what);
}

// Lets the kernel refuse memory barriers in all threads from now on, so that no thread drains other caches.
void refuse_barriers();

// ---- For actors

// Forks, and calls `body` in the child, which has no other thread. Returns what `body` returned, and false if
// the child failed.
bool child_agrees(bool (*body)());

// Calls `body`, and returns whether a report of misuse stopped it. The report is not written.
bool is_stopped_by_report(void (*body)());

// ---- For checks

// Returns whether a thread of the code under test waits without a timeout.
bool servant_sleeps_for_ever();

// ---- For the layer below the code under test (see instrumentation.cc)

enum class Kind : std::uint8_t { kLoad, kStore, kUpdate };

bool acting(); // returns whether the calling thread is an actor
void come_to_atomic(const volatile void* word, Kind kind, Place place);
void acquired(const volatile void* word);
enum class Release : std::uint8_t { kMore, kAnew, kNothing }; // clocks that the word passes on
void released(const volatile void* word, Release release);
void come_to_call(Place place);
void accessed(const volatile void* address, std::size_t size, bool write, Place place);

// Return the system calls' results: a negative errno, or the number of threads woken.
long futex_wait(const std::uint32_t* word, std::uint32_t value, bool timed, Place place);
long futex_wake(const std::uint32_t* word, std::uint32_t most, Place place);
// Starts a thread of the code under test: an actor that no other actor joins.
int start_servant(void* (*function)(void*), void* argument);

} // namespace schedules
