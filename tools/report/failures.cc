// SPDX-License-Identifier: MIT
#include "report/failures.h"

#include <fmt/format.h>

namespace ashlar::report {

namespace {

using compare::Experiment;
using compare::Sample;

std::string who(const Experiment& experiment, const Sample& sample) {
    const auto& configurations = experiment.plan.configurations;
    const compare::Contender& contender = experiment.plan.contenders[sample.contender];
    return (configurations.size() > 1 ? configurations[sample.configuration].name + " under " : "") +
           contender.allocator.name + (contender.is_control ? " (A/A)" : "");
}

std::string when(const Sample& sample) {
    return sample.round == compare::kWarmUp ? "warm-up" : fmt::format("round {}", sample.round);
}

bool is_same(const Sample& one, const Sample& other) {
    return one.configuration == other.configuration && one.contender == other.contender &&
           one.failure == other.failure;
}

// What a program printed, so that nobody takes it for this one's.
std::string quoted(const std::string& text) {
    std::string result = "  | ";
    for (const char each : text) {
        result += each == '\n' ? "\n  | " : std::string(1, each);
    }
    return result + "\n";
}

} // namespace

std::vector<std::string> failures(const Experiment& experiment) {
    struct Reason {
        const Sample* first;
        std::string rounds;
    };
    std::vector<Reason> reasons;
    for (const Sample& sample : experiment.samples) {
        if (sample.failure.empty()) {
            continue;
        }
        const auto same = [&](const Reason& reason) { return is_same(*reason.first, sample); };
        const auto found = std::find_if(reasons.begin(), reasons.end(), same);
        if (found == reasons.end()) {
            reasons.push_back({.first = &sample, .rounds = when(sample)});
        } else {
            found->rounds += ", " + when(sample);
        }
    }
    std::vector<std::string> sentences;
    sentences.reserve(reasons.size());
    for (const Reason& reason : reasons) {
        sentences.push_back(
            fmt::format("{}, {}: {}", who(experiment, *reason.first), reason.rounds, reason.first->failure));
    }
    return sentences;
}

std::string why_nothing(const Experiment& experiment) {
    std::string text;
    for (std::size_t index = 0; index < experiment.plan.configurations.size(); ++index) {
        const Sample* const sample = compare::failure_of_system(experiment, index);
        if (sample == nullptr) {
            return "";
        }
        std::string reason = sample->failure;
        if (const std::string last = ": " + measure::last_line(sample->errors); reason.ends_with(last)) {
            reason.resize(reason.size() - last.size()); // shown below
        }
        text += fmt::format("{} fails under {}, so there is nothing to compare: {}\n",
                            experiment.plan.configurations[index].name,
                            experiment.plan.contenders[compare::kReference].allocator.name, reason);
        text += sample->errors.empty() ? "" : "What it printed last:\n" + quoted(sample->errors);
    }
    return text;
}

} // namespace ashlar::report
