// SPDX-License-Identifier: MIT
// Evaluates runs of the same tasks in several languages. Compares each language with a base language, and
// each language before and after a change of the allocator. Pure functions of the samples.
//
// A configuration is one task in one language: its group is the language, its name "Python, trees".
#pragma once

#include "compare/result.h"

#include <optional>
#include <string>
#include <vector>

namespace ashlar::compare {

// Facts about a language that are known before a run.
struct LanguageFacts {
    std::string name;
    std::string memory; // where its objects lie
    double least;       // expected CPU time relative to C, as a coarse range
    double most;
};

// Returns "trees" for "Python, trees".
std::string task_of(const Configuration& configuration);

// Return each name once, in the order of the plan.
std::vector<std::string> languages_of(const Plan& plan);
std::vector<std::string> tasks_of(const Plan& plan);

// CPU time of the tasks divided by that of the same tasks in the base language, under the reference.
struct LanguageRatio {
    std::string language;
    std::vector<std::optional<double>> by_task; // in the order of tasks_of
    std::optional<double> mean;                 // geometric mean of the tasks that both languages have
};

std::vector<LanguageRatio> language_ratios(const Experiment& experiment, const Result& result,
                                           const std::string& base);

// User time of whole processes: medians of the rounds, and the ratio within the rounds. Members are empty if
// runs are missing or too short for the kernel to measure.
struct Change {
    std::string name; // of the task, or of the language
    std::optional<double> before;
    std::optional<double> now;
    std::optional<Ratio> ratio;
};

struct LanguageChange {
    Change total; // of all its tasks
    std::vector<Change> tasks;

    // Returns the task with the largest ratio, or null if no task has a ratio.
    const Change* worst() const;
};

// Compares the reference ("before") with the next contender ("now").
std::vector<LanguageChange> language_changes(const Experiment& experiment);

} // namespace ashlar::compare
