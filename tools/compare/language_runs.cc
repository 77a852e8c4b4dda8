// SPDX-License-Identifier: MIT
#include "compare/language_runs.h"

#include "statistics/summary.h"

#include <algorithm>
#include <map>

namespace ashlar::compare {

namespace {

constexpr std::size_t kNow = kReference + 1;

using ByRound = std::map<int, double>;

template <typename Name>
std::vector<std::string> each_once(const Plan& plan, const Name& name) {
    std::vector<std::string> names;
    for (const Configuration& configuration : plan.configurations) {
        const std::string found = name(configuration);
        if (std::find(names.begin(), names.end(), found) == names.end()) {
            names.push_back(found);
        }
    }
    return names;
}

std::optional<std::size_t> find_configuration(const Plan& plan, const std::string& language,
                                              const std::string& task) {
    for (std::size_t index = 0; index < plan.configurations.size(); ++index) {
        if (plan.configurations[index].group == language && task_of(plan.configurations[index]) == task) {
            return index;
        }
    }
    return std::nullopt;
}

// Returns the CPU time of the task by the program's own clock.
std::optional<double> cpu_time(const Experiment& experiment, const Result& result,
                               const std::string& language, const std::string& task) {
    const auto index = find_configuration(experiment.plan, language, task);
    if (!index) {
        return std::nullopt;
    }
    const auto& found = result.rows[*index].cells[kReference].of(Metric::kOwnCost);
    return found && found->median > 0 ? std::optional(found->median) : std::nullopt;
}

ByRound user_seconds(const Experiment& experiment, std::size_t configuration, std::size_t contender) {
    ByRound result;
    for (const Sample& sample : experiment.samples) {
        if (sample.counts() && sample.configuration == configuration && sample.contender == contender) {
            result[sample.round] = sample.run.usage.user_seconds;
        }
    }
    return result;
}

ByRound mean_of(const ByRound& one, const ByRound& other) {
    ByRound result = one;
    result.insert(other.begin(), other.end());
    for (auto& [round, value] : result) {
        if (one.contains(round) && other.contains(round)) {
            value = (one.at(round) + other.at(round)) / 2;
        }
    }
    return result;
}

// Returns the sums of the rounds that both have.
ByRound sum_of(const ByRound& one, const ByRound& other) {
    ByRound result;
    for (const auto& [round, value] : one) {
        if (other.contains(round)) {
            result[round] = value + other.at(round);
        }
    }
    return result;
}

std::vector<double> values_of(const ByRound& by_round) {
    std::vector<double> values;
    for (const auto& [round, value] : by_round) {
        values.push_back(value);
    }
    return values;
}

std::optional<double> median_of(const ByRound& by_round) {
    return by_round.empty() ? std::nullopt : std::optional(statistics::median(values_of(by_round)));
}

std::optional<Ratio> ratio_of(const ByRound& above, const ByRound& below,
                              const statistics::Interval& noise = {1, 1}) {
    std::vector<double> ratios;
    for (const auto& [round, value] : above) {
        if (const auto found = below.find(round); found != below.end() && found->second > 0) {
            ratios.push_back(value / found->second);
        }
    }
    return ratios.empty() ? std::nullopt
                          : std::optional(Ratio{.median = statistics::median(ratios),
                                                .interval = statistics::median_interval(ratios),
                                                .noise = noise});
}

// The times of one task, or the sums of several tasks.
struct Times {
    ByRound before;
    ByRound before_again;
    ByRound now;
};

std::size_t control_of(const Plan& plan) {
    return plan.contenders.size() - 1; // contenders() puts it last
}

Times times_of(const Experiment& experiment, std::size_t configuration) {
    return {.before = user_seconds(experiment, configuration, kReference),
            .before_again = user_seconds(experiment, configuration, control_of(experiment.plan)),
            .now = user_seconds(experiment, configuration, kNow)};
}

Change change_of(const std::string& name, const Times& times) {
    const auto noise = ratio_of(times.before_again, times.before);
    const ByRound before = mean_of(times.before, times.before_again);
    return {.name = name,
            .before = median_of(before),
            .now = median_of(times.now),
            .ratio = ratio_of(times.now, before, noise ? noise->interval : statistics::Interval{1, 1})};
}

} // namespace

std::string task_of(const Configuration& configuration) {
    const auto comma = configuration.name.rfind(", ");
    return comma == std::string::npos ? configuration.name : configuration.name.substr(comma + 2);
}

std::vector<std::string> languages_of(const Plan& plan) {
    return each_once(plan, [](const Configuration& configuration) { return configuration.group; });
}

std::vector<std::string> tasks_of(const Plan& plan) {
    return each_once(plan, task_of);
}

std::vector<LanguageRatio> language_ratios(const Experiment& experiment, const Result& result,
                                           const std::string& base) {
    const std::vector<std::string> tasks = tasks_of(experiment.plan);
    std::vector<LanguageRatio> ratios;
    for (const std::string& language : languages_of(experiment.plan)) {
        LanguageRatio ratio{.language = language, .by_task = {}, .mean = std::nullopt};
        std::vector<double> known;
        for (const std::string& task : tasks) {
            const auto own = cpu_time(experiment, result, language, task);
            const auto of_base = cpu_time(experiment, result, base, task);
            ratio.by_task.push_back(own && of_base ? std::optional(*own / *of_base) : std::nullopt);
            if (ratio.by_task.back()) {
                known.push_back(*ratio.by_task.back());
            }
        }
        if (!known.empty()) {
            ratio.mean = statistics::geometric_mean(known);
        }
        ratios.push_back(std::move(ratio));
    }
    return ratios;
}

const Change* LanguageChange::worst() const {
    const Change* found = nullptr;
    for (const Change& task : tasks) {
        if (task.ratio && (found == nullptr || task.ratio->median > found->ratio->median)) {
            found = &task;
        }
    }
    return found;
}

std::vector<LanguageChange> language_changes(const Experiment& experiment) {
    const Plan& plan = experiment.plan;
    std::vector<LanguageChange> changes;
    for (const std::string& language : languages_of(plan)) {
        LanguageChange change;
        std::optional<Times> total;
        for (std::size_t index = 0; index < plan.configurations.size(); ++index) {
            if (plan.configurations[index].group != language) {
                continue;
            }
            const Times times = times_of(experiment, index);
            change.tasks.push_back(change_of(task_of(plan.configurations[index]), times));
            total = total ? Times{.before = sum_of(total->before, times.before),
                                  .before_again = sum_of(total->before_again, times.before_again),
                                  .now = sum_of(total->now, times.now)}
                          : times;
        }
        change.total = change_of(language, *total);
        changes.push_back(std::move(change));
    }
    return changes;
}

} // namespace ashlar::compare
