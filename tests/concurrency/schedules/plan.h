// SPDX-License-Identifier: MIT
//
// A schedule as it is planned, recorded and printed.
//
// Each actor counts its own steps: every atomic operation and system call of the code under test is one. A
// schedule is then a list of turns, "0:153,1:20,0". Actor 0 runs until it comes to its step 153, actor 1
// until step 20. Then actor 0 runs again for as long as it can go on. After the last turn whoever runs goes
// on, and when it cannot, the first that can; or, with a seed, chance decides. It says nothing about where
// steps are looked at, so it can be replayed by any build of the same code.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace schedules {

inline constexpr unsigned kMaxActors = 4;
inline constexpr std::uint8_t kNobody = 0xff; // came to the first decision

using Place = const void*; // in the code

struct Turn {
    std::uint8_t actor;
    std::uint32_t until; // a step of that actor; of the last turn it does not count
};

// A point at which there was a choice, or at which an actor had to stop.
struct Decision {
    Place place;
    std::uint32_t step;
    std::uint8_t actor; // who came there
    std::uint8_t chosen;
    std::uint8_t able; // a bit for each actor that could go on, if need be because its waiting times out
    bool stopped;      // the actor has ended, waits, or is nobody
};

// What a run is told, and what it tells: lies in memory that it shares with the process that started it.
struct Run {
    static constexpr unsigned kMaxTurns = 512;
    static constexpr unsigned kMaxDecisions = 1U << 14;
    static constexpr unsigned kMaxWords = 512;

    std::array<Turn, kMaxTurns> turns;
    unsigned turn_count;
    std::uint64_t seed; // 0: none

    std::array<Decision, kMaxDecisions> decisions;
    unsigned decision_count;
    std::array<const volatile void*, kMaxWords> words; // found to be contended
    unsigned word_count;
    std::array<char, 512> failure;   // empty: none
    std::array<Place, 2> failure_at; // of a data race
};

// The turns that lead to decision number `count` of a run.
inline std::vector<Turn> turns_before(const std::vector<Decision>& decisions, std::size_t count) {
    std::vector<Turn> turns;
    for (std::size_t i = 0; i < count; ++i) {
        const Decision& d = decisions[i];
        if (d.chosen == d.actor && !d.stopped) continue;
        if (!turns.empty()) turns.back().until = d.step;
        turns.push_back({d.chosen, 0});
    }
    return turns;
}

std::string text_of(const std::vector<Turn>& turns);
// Empty if that is no schedule.
std::vector<Turn> turns_of(std::string_view text);

} // namespace schedules
