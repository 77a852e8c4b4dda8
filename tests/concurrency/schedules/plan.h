// SPDX-License-Identifier: MIT
//
// A schedule as it is planned, recorded and printed.
//
// Each actor counts its own steps: every atomic operation and system call of the code under test is one. A
// schedule is a list of turns, such as "0:153,1:20,0". Actor 0 runs up to its step 153, then actor 1 up to
// its step 20. Then actor 0 runs for as long as it can. After the last turn the running actor continues. When
// it cannot, the first able actor continues, or a random one if there is a seed. A schedule does not depend
// on the steps at which the scheduler decides, so any build of the same code can replay it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace schedules {

inline constexpr unsigned kMaxActors = 4;
inline constexpr std::uint8_t kNobody = 0xff; // the actor before the first decision

using Place = const void*; // an address in the code

struct Turn {
    std::uint8_t actor;
    std::uint32_t until; // a step of that actor; ignored in the last turn
};

// A point at which the scheduler had a choice, or at which an actor had to stop.
struct Decision {
    Place place;
    std::uint32_t step;
    std::uint8_t actor; // the actor at this point
    std::uint8_t chosen;
    std::uint8_t able; // a bit for each actor that could continue, if only because its wait times out
    bool stopped;      // the actor has ended, waits, or is kNobody
};

// Input and output of a run, in memory shared with the parent process.
struct Run {
    static constexpr unsigned kMaxTurns = 512;
    static constexpr unsigned kMaxDecisions = 1U << 14;
    static constexpr unsigned kMaxWords = 512;

    std::array<Turn, kMaxTurns> turns;
    unsigned turn_count;
    std::uint64_t seed; // 0 for none

    std::array<Decision, kMaxDecisions> decisions;
    unsigned decision_count;
    std::array<const volatile void*, kMaxWords> words; // words found to be contended
    unsigned word_count;
    std::array<char, 512> failure;   // empty for none
    std::array<Place, 2> failure_at; // the two places of a data race
};

// Returns the turns that lead to decision number `count` of a run.
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
// Returns the turns of a printed schedule; empty if `text` is no schedule.
std::vector<Turn> turns_of(std::string_view text);

} // namespace schedules
