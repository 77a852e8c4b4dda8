// SPDX-License-Identifier: MIT
//
// Looks for a schedule of a scenario in which something is wrong.
//
// Every run is a forked copy of this process. So all begin in the same state, a crash is a result like any
// other, and the same turns lead to the same decisions. The search goes through all choices depth first,
// within a bound on preemptions (switches away from an actor that could go on). Most mistakes need one or
// two. The bound is raised step by step, so that what is found first is simplest. Which words are points is
// learnt on the way. The order of operations on a word does not matter if locks or other words order them.
// When a run finds that nothing does, the search begins anew with the word.
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
    std::vector<Place> at; // of a data race
    std::vector<Decision> decisions;

    std::vector<Turn> turns() const { return turns_before(decisions, decisions.size()); }
};

class Search {
  public:
    explicit Search(const Scenario& scenario);

    // All schedules with at most so many preemptions.
    std::optional<Failure> exhaust(unsigned preemptions);
    // `count` schedules by chance, each of a seed of its own that follows from `seed`.
    std::optional<Failure> wander(std::uint64_t count, std::uint64_t seed);
    std::optional<Failure> replay(const std::vector<Turn>& turns);

    std::uint64_t explored() const { return explored_; } // schedules, by the last call
    std::size_t watched() const { return watched_; }     // words

  private:
    struct Node {
        Decision decision;
        unsigned untried;     // a bit for each actor
        unsigned preemptions; // up to here
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
