// SPDX-License-Identifier: MIT
//
// Searches for a schedule of a scenario that fails.
//
// Every run is a forked copy of this process. So all runs begin in the same state, a crash is an ordinary
// result, and the same turns lead to the same decisions. The search tries all choices depth first, up to a
// bound on preemptions (switches away from an actor that could continue). Most bugs need one or two. The
// bound rises step by step, so the first failure is the simplest.
//
// The search learns on the way which words are points. The order of operations on a word does not matter if
// locks or other words order them. When a run finds unordered operations, the search starts again with that
// word.
#pragma once

#include "plan.h"
#include "scheduler.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace schedules {

struct Failure {
    std::string why;
    std::vector<Place> at; // the places of a data race
    std::vector<Decision> decisions;

    std::vector<Turn> turns() const { return turns_before(decisions, decisions.size()); }
};

class Search {
  public:
    explicit Search(const Scenario& scenario);

    // Tries all schedules with at most `preemptions` preemptions.
    std::optional<Failure> exhaust(unsigned preemptions);
    // Tries `count` random schedules, whose seeds follow from `seed`.
    std::optional<Failure> wander(std::uint64_t count, std::uint64_t seed);
    std::optional<Failure> replay(const std::vector<Turn>& turns);

    std::uint64_t explored() const { return explored_; } // schedules tried by the last call
    std::size_t watched() const { return watched_; }     // watched words

  private:
    struct Node {
        Decision decision;
        unsigned untried;     // a bit for each actor
        unsigned preemptions; // preemptions up to here
    };

    std::optional<Failure> play(const std::vector<Turn>& turns, std::uint64_t seed);
    bool learn();
    std::vector<Decision> decisions() const;
    void deepen(std::vector<Node>& path, unsigned preemptions) const;
    static bool step_back(std::vector<Node>& path);

    const Scenario& scenario_;
    Run& run_;
    std::uint64_t explored_ = 0;
    std::size_t watched_ = 0;
};

} // namespace schedules
