// SPDX-License-Identifier: MIT
#include "search.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace schedules {

namespace {

Run& shared_run() {
    void* const memory =
        ::mmap(nullptr, sizeof(Run), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("no memory for a run");
    return *static_cast<Run*>(memory);
}

bool preempts(const Decision& decision) {
    return !decision.stopped && decision.chosen != decision.actor;
}

bool same_choice(const Decision& one, const Decision& other) {
    return one.actor == other.actor && one.step == other.step && one.able == other.able &&
           one.chosen == other.chosen;
}

std::string how_it_ended(int status) {
    if (WIFSIGNALED(status)) return std::string("killed by ") + ::strsignal(WTERMSIG(status));
    return "exited with " + std::to_string(WEXITSTATUS(status));
}

} // namespace

Search::Search(const Scenario& scenario) : scenario_(scenario), run_(shared_run()) {
    scenario.prepare();
}

std::optional<Failure> Search::play(const std::vector<Turn>& turns, std::uint64_t seed) {
    if (turns.size() > Run::kMaxTurns) throw std::runtime_error("a schedule of too many turns");
    std::copy(turns.begin(), turns.end(), run_.turns.begin());
    run_.turn_count = static_cast<unsigned>(turns.size());
    run_.seed = seed;
    run_.decision_count = 0;
    run_.word_count = 0;
    run_.failure[0] = '\0';
    run_.failure_at = {};
    ++explored_;
    const pid_t pid = ::fork();
    if (pid < 0) throw std::runtime_error("fork failed");
    if (pid == 0) {
        schedules::play(scenario_, run_);
        ::_exit(0);
    }
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    Failure failure;
    failure.why = run_.failure[0] != '\0' ? run_.failure.data() : how_it_ended(status);
    if (run_.failure_at[0] != nullptr) failure.at = {run_.failure_at[0], run_.failure_at[1]};
    failure.decisions = decisions();
    return failure;
}

std::vector<Decision> Search::decisions() const {
    return {run_.decisions.begin(), run_.decisions.begin() + run_.decision_count};
}

// Returns whether the last run found words that several actors use.
bool Search::learn() {
    for (unsigned i = 0; i < run_.word_count; ++i)
        watch(run_.words[i]);
    watched_ += run_.word_count;
    return run_.word_count != 0;
}

// Appends the last run's decisions to the path, with the untried alternatives.
void Search::deepen(std::vector<Node>& path, unsigned preemptions) const {
    const std::vector<Decision> taken = decisions();
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (i >= taken.size() || !same_choice(path[i].decision, taken[i])) {
            throw std::runtime_error(
                "the same turns led to other decisions: the scenario is not deterministic");
        }
    }
    unsigned used = path.empty() ? 0 : path.back().preemptions;
    for (std::size_t i = path.size(); i < taken.size(); ++i) {
        const bool free_of_charge = taken[i].stopped || used < preemptions;
        const unsigned others = taken[i].able & ~(1U << taken[i].chosen);
        if (preempts(taken[i])) ++used;
        path.push_back({taken[i], free_of_charge ? others : 0, used});
    }
}

// Goes back to the last decision with an untried alternative. Returns false if there is none.
bool Search::step_back(std::vector<Node>& path) {
    while (!path.empty() && path.back().untried == 0)
        path.pop_back();
    if (path.empty()) return false;
    Node& last = path.back();
    if (preempts(last.decision)) --last.preemptions;
    last.decision.chosen = static_cast<std::uint8_t>(std::countr_zero(last.untried));
    last.untried &= last.untried - 1;
    if (preempts(last.decision)) ++last.preemptions;
    return true;
}

std::optional<Failure> Search::exhaust(unsigned preemptions) {
    for (unsigned bound = 0; bound <= preemptions; ++bound) {
        std::vector<Node> path;
        explored_ = 0;
        bool more = true;
        while (more) {
            std::vector<Decision> wanted;
            for (const Node& node : path)
                wanted.push_back(node.decision);
            if (auto failure = play(turns_before(wanted, wanted.size()), 0)) return failure;
            if (learn()) {
                path.clear();
                explored_ = 0;
                continue;
            }
            deepen(path, bound);
            more = step_back(path);
        }
    }
    return {};
}

std::optional<Failure> Search::wander(std::uint64_t count, std::uint64_t seed) {
    explored_ = 0;
    while (explored_ < count) {
        if (auto failure = play({}, seed + explored_ + 1)) return failure;
        learn();
    }
    return {};
}

std::optional<Failure> Search::replay(const std::vector<Turn>& turns) {
    explored_ = 0;
    return play(turns, 0);
}

} // namespace schedules
