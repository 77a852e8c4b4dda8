// SPDX-License-Identifier: MIT
#include "compare/experiment.h"

namespace ashlar::compare {

std::vector<Contender> contenders(const std::vector<allocators::Allocator>& allocators) {
    std::vector<Contender> result;
    result.reserve(allocators.size() + 1);
    for (const allocators::Allocator& allocator : allocators) {
        result.push_back({.allocator = allocator, .is_control = false});
    }
    Contender control = result.at(kReference);
    control.is_control = true;
    result.push_back(std::move(control));
    return result;
}

bool has_succeeded(const Configuration& configuration, const measure::Run& run) {
    const IgnoredFailures& ignored = configuration.ignored;
    return run.succeeded() || (run.ending == measure::Ending::kExited &&
                               (ignored.all || std::find(ignored.statuses.begin(), ignored.statuses.end(),
                                                         run.code) != ignored.statuses.end()));
}

const Sample* failure_of_system(const Experiment& experiment, std::size_t configuration) {
    int failures = 0;
    for (const Sample& sample : experiment.samples) {
        if (sample.configuration == configuration && sample.contender == kReference &&
            !sample.failure.empty() && (sample.round == kWarmUp || ++failures == kFailuresToGiveUp)) {
            return &sample;
        }
    }
    return nullptr;
}

} // namespace ashlar::compare
