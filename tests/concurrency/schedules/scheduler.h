// SPDX-License-Identifier: MIT
//
// Real threads, the actors, of which one runs at a time. At each point where the order could matter the
// scheduler says who goes on, as the run's turns, its seed or the default want it.
//
// Points are the atomic operations on words that are contended, and the system calls. Waiting on a futex is
// played: nobody sleeps in the kernel for another actor. So a deadlock is seen at once: nobody is able to go
// on. A run ends its process when something is wrong, after writing down what.
#pragma once

#include "plan.h"

#include <span>
#include <string_view>
#include <vector>

namespace schedules {

struct Scenario {
    std::string_view name;
    void (*prepare)(); // once, in the process that every run is a copy of
    std::vector<void (*)()> actors;
    void (*check)();            // when all actors have ended: ends in fail() if something is wrong
    unsigned preemptions;       // up to which the search is exhaustive by default
    bool at_each_write = false; // is a point, too: for who sees all memory at once, as fork does
};

// ---- For the process of a run

// Makes the actors, runs them to their ends and checks. May be called once.
void play(const Scenario& scenario, Run& run);
// Words on which operations are points from now on.
void watch(const volatile void* word);

[[noreturn]] void fail(const char* why);
[[noreturn]] void fail_with_race(Place first, Place second, const char* accesses);

inline void require(bool holds, const char* what) {
    if (!holds) fail(what);
}

// From now on the kernel refuses to have all threads execute a memory barrier: nobody drains others' caches.
void refuse_barriers();

// ---- For actors

// Forks, and calls `body` in the child, where there is no other thread. True if that returned true.
bool child_agrees(bool (*body)());

// Calls `body`, which may be stopped by a report of misuse: true if it was. The report is not written.
bool is_stopped_by_report(void (*body)());

// ---- For checks

// A thread that the code under test started waits without a timeout.
bool servant_sleeps_for_ever();

// ---- For what stands under the code under test (see instrumentation.cc)

enum class Kind : std::uint8_t { kLoad, kStore, kUpdate };

bool acting(); // the calling thread is an actor
void come_to_atomic(const volatile void* word, Kind kind, Place place);
void acquired(const volatile void* word);
enum class Release : std::uint8_t { kMore, kAnew, kNothing }; // what the word hands on
void released(const volatile void* word, Release release);
void come_to_call(Place place);
void accessed(const volatile void* address, std::size_t size, bool write, Place place);

// As the system calls: -1 and errno, or the number of threads woken.
long futex_wait(const std::uint32_t* word, std::uint32_t value, bool timed, Place place);
long futex_wake(const std::uint32_t* word, std::uint32_t most, Place place);
// Starts a thread of the code under test's own: an actor whose end nobody waits for.
int start_servant(void* (*function)(void*), void* argument);

} // namespace schedules
