// SPDX-License-Identifier: MIT
// Table of the parameters of a lock scenario. The options of the program `scenario`, the keys of
// scenarios.toml and the help text are made from it.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace bench::locks {

inline constexpr std::uint64_t kMostLocks = 32;

struct Parameters {
    std::uint64_t threads = 4;
    std::uint64_t tasks = 100;
    std::uint64_t writers = 1;
    std::uint64_t consumers = 2;
    std::uint64_t locks = 2;
    std::uint64_t operations = 1000;
    std::uint64_t hold_us = 0;
    std::uint64_t hold_spread_us = 0;
    std::uint64_t think_us = 0;
    std::uint64_t allocate_mib_per_op = 0;
    std::uint64_t capacity = 16;
    std::uint64_t permits = 2;
    std::uint64_t acquire_limit_us = 2000;
    std::uint64_t random_order = 1;
    std::uint64_t seed = 1;
};

struct ParameterFacts {
    const char* key;    // key in scenarios.toml; the option has hyphens in place of underscores
    const char* option; // option of the program
    std::uint64_t Parameters::*value;
    std::uint64_t least;
    std::uint64_t most;
    bool every_type; // false: only the types that name the parameter take it
    const char* about;
};

inline constexpr std::array kParameters{
    ParameterFacts{"threads", "--threads", &Parameters::threads, 1, 1024, true, "Threads that run"},
    ParameterFacts{"locks", "--locks", &Parameters::locks, 1, kMostLocks, true,
                   "Locks; of hierarchy the nested levels, of producer_consumer the queues"},
    ParameterFacts{"operations", "--operations", &Parameters::operations, 1, std::uint64_t{1} << 40, true,
                   "Operations of each thread or task"},
    ParameterFacts{"hold_us", "--hold-us", &Parameters::hold_us, 0, 60'000'000, true,
                   "Microseconds that a lock is held beside the allocation"},
    ParameterFacts{"hold_spread_us", "--hold-spread-us", &Parameters::hold_spread_us, 0, 60'000'000, true,
                   "A hold takes at random up to this many microseconds more or fewer"},
    ParameterFacts{"think_us", "--think-us", &Parameters::think_us, 0, 60'000'000, true,
                   "Microseconds between operations"},
    ParameterFacts{"allocate_mib_per_op", "--allocate-mib-per-op", &Parameters::allocate_mib_per_op, 0, 1024,
                   true, "MiB allocated and freed in each critical section; 0 is 16 to 512 bytes"},
    ParameterFacts{"seed", "--seed", &Parameters::seed, 0, UINT64_MAX, true,
                   "Same seed, same choices of locks, sizes and times"},
    ParameterFacts{"tasks", "--tasks", &Parameters::tasks, 1, 100'000, false, "Coroutine tasks"},
    ParameterFacts{"writers", "--writers", &Parameters::writers, 0, 1024, false,
                   "How many of the threads write; the others read"},
    ParameterFacts{"consumers", "--consumers", &Parameters::consumers, 1, 1024, false,
                   "How many of the threads consume; the others produce"},
    ParameterFacts{"capacity", "--capacity", &Parameters::capacity, 1, 4096, false,
                   "Items that a queue holds"},
    ParameterFacts{"permits", "--permits", &Parameters::permits, 1, 1024, false,
                   "How many the semaphore lets in at a time"},
    ParameterFacts{"acquire_limit_us", "--acquire-limit-us", &Parameters::acquire_limit_us, 1, 60'000'000,
                   false, "Microseconds after which a single acquisition gives up and is tried again"},
    ParameterFacts{"random_order", "--random-order", &Parameters::random_order, 0, 1, false,
                   "1: locks are taken in random order, 0: always in the same one"},
};

} // namespace bench::locks
