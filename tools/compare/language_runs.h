// SPDX-License-Identifier: MIT
// What runs of the same tasks in several languages say. Each language is compared with one of them, and each
// language before and after a change of the allocator. Pure functions of the samples.
//
// A configuration is one task in one language: its group is the language, its name "Python, trees".
#pragma once

#include "compare/result.h"

#include <optional>
#include <string>
#include <vector>

namespace ashlar::compare {

// What is known of a language before anything runs.
struct LanguageFacts {
    std::string name;
    std::string memory; // where its objects lie
    double least;       // the CPU time to expect for one of C, as a coarse range
    double most;
};

// "trees" of "Python, trees".
std::string task_of(const Configuration& configuration);

// Each once, in the order of the plan.
std::vector<std::string> languages_of(const Plan& plan);
std::vector<std::string> tasks_of(const Plan& plan);

// CPU time of the tasks over that of the same tasks in another language, all under the reference.
struct LanguageRatio {
    std::string language;
    std::vector<std::optional<double>> by_task; // as tasks_of has them
    std::optional<double> mean;                 // geometric, of the tasks that both have
};

std::vector<LanguageRatio> language_ratios(const Experiment& experiment, const Result& result,
                                           const std::string& base);

// User time of whole processes: medians of the rounds, and the ratio within the rounds. Nothing if a run is
// missing, or if the time is too short for the kernel to tell.
struct Change {
    std::string name; // of the task, or of the language
    std::optional<double> before;
    std::optional<double> now;
    std::optional<Ratio> ratio;
};

struct LanguageChange {
    Change total; // of all its tasks
    std::vector<Change> tasks;

    // The task with the largest ratio; null if none has one.
    const Change* worst() const;
};

// The reference is "before", the contender after it "now".
std::vector<LanguageChange> language_changes(const Experiment& experiment);

} // namespace ashlar::compare
