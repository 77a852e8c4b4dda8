// SPDX-License-Identifier: MIT
#include "alarm/hypothesis.h"

#include <algorithm>
#include <fmt/format.h>

namespace ashlar::alarm {

namespace {

constexpr double kMoreByChance = 1.2; // factor on counts that vary between runs

// Judges a cause by the exact figure with this name.
Hypothesis by_count(const std::string& cause, const std::string& figure, const Findings& findings) {
    const auto found = std::find_if(findings.begin(), findings.end(), [&](const Finding& each) {
        return each.gate == Gate::kExact && each.figure == figure;
    });
    if (found == findings.end() || found->outcome == Outcome::kNotJudged) {
        return {.cause = cause,
                .standing = Standing::kInconclusive,
                .evidence =
                    found == findings.end() ? "it is not counted in this benchmark" : found->obstacle};
    }
    return {.cause = cause,
            .standing = found->outcome == Outcome::kRegressed ? Standing::kConfirmed : Standing::kEliminated,
            .evidence = fmt::format("{}: {:g} before, {:g} now{}{}", figure, found->reference, found->present,
                                    found->detail.empty() ? "" : "; ", found->detail)};
}

Hypothesis system_calls(const Findings& findings) {
    Hypothesis result{
        .cause = "system calls", .standing = Standing::kInconclusive, .evidence = "not counted"};
    for (const Finding& each : findings) {
        if (each.gate != Gate::kExact || !each.figure.starts_with("calls of ")) {
            continue;
        }
        if (each.outcome == Outcome::kRegressed) {
            result.evidence = result.standing == Standing::kConfirmed ? result.evidence + ", " : "";
            result.standing = Standing::kConfirmed;
            result.evidence +=
                fmt::format("{} {:g} before, {:g} now", each.figure, each.reference, each.present);
        } else if (result.standing == Standing::kInconclusive) {
            result = {
                .cause = result.cause, .standing = Standing::kEliminated, .evidence = "as many as before"};
        }
    }
    return result;
}

Hypothesis by_kernel(const std::string& cause, const std::string& unit,
                     const std::optional<KernelCounts>& reference, const std::optional<KernelCounts>& present,
                     double KernelCounts::*what, double least) {
    if (!reference || !present) {
        return {.cause = cause, .standing = Standing::kInconclusive, .evidence = "no timed runs"};
    }
    const double before = (*reference).*what;
    const double now = (*present).*what;
    return {.cause = cause,
            .standing = now > kMoreByChance * before + least ? Standing::kConfirmed : Standing::kEliminated,
            .evidence = fmt::format("{:g} {} before, {:g} now", before, unit, now)};
}

// Bounds of a limit in scripts/time_limits.py: at least 3 times the usual time, at most 20 times or 60 s.
constexpr double kLeastTimes = 3;
constexpr double kMostTimes = 20;
constexpr double kMinute = 60;

bool is_too_tight(const TimeLimit& limit) {
    return limit.limit < kLeastTimes * limit.usual;
}

bool is_too_loose(const TimeLimit& limit) {
    return limit.limit > std::max(kMinute, kMostTimes * limit.usual);
}

Hypothesis time_limit(const std::optional<TimeLimit>& limit) {
    Hypothesis result{
        .cause = "time limit", .standing = Standing::kInconclusive, .evidence = "no timed runs"};
    if (limit) {
        const bool tight = is_too_tight(*limit);
        const bool loose = is_too_loose(*limit);
        result.standing = tight || loose ? Standing::kConfirmed : Standing::kEliminated;
        result.evidence = fmt::format("{:.1f} s for a run of {:.2f} s{}", limit->limit, limit->usual,
                                      tight   ? ": too tight"
                                      : loose ? ": far too loose"
                                              : "");
    }
    return result;
}

// Concludes from failed runs, which have no figures.
std::string conclusion_of_failed(const Finding& failed, const std::string& disturbance) {
    const bool late = (failed.detail + failed.obstacle).find("timed out") != std::string::npos;
    if (failed.outcome == Outcome::kRegressed) {
        return late ? "real regression: it hangs, or takes ten times as long as the reference"
                    : "real regression: runs fail that end well with the reference";
    }
    if (!disturbance.empty()) {
        return "loaded machine: " + disturbance;
    }
    return late ? "a time limit too tight: the reference exceeds it as well, on a quiet machine"
                : "no regression is shown: the reference fails as well";
}

std::string conclusion_of(const Findings& findings, const std::vector<Hypothesis>& causes,
                          const std::string& disturbance, const std::optional<TimeLimit>& limit) {
    const auto failed = std::find_if(findings.begin(), findings.end(), [](const Finding& each) {
        return each.figure == kFailedRuns && each.outcome != Outcome::kPassed;
    });
    if (failed != findings.end()) {
        return conclusion_of_failed(*failed, disturbance);
    }
    const auto any = [&](Gate gate, Outcome outcome) {
        return std::any_of(findings.begin(), findings.end(),
                           [&](const Finding& each) { return each.gate == gate && each.outcome == outcome; });
    };
    if (any(Gate::kExact, Outcome::kRegressed)) {
        return "real regression: exact counts grew, which no other load can do";
    }
    if (any(Gate::kCoarse, Outcome::kRegressed)) {
        return "real regression: even the quickest of several runs is beyond the factor";
    }
    const bool slower = any(Gate::kTime, Outcome::kRegressed);
    if (!slower && any(Gate::kMemory, Outcome::kRegressed)) {
        return "real regression: of memory";
    }
    if (!disturbance.empty()) {
        return "loaded machine: " + disturbance;
    }
    if (!slower) {
        return limit && is_too_loose(*limit) ? "a time limit far too loose: a hang would be found late"
                                             : "no regression of time";
    }
    const bool counted = std::any_of(causes.begin(), causes.end(), [](const Hypothesis& each) {
        return each.standing == Standing::kConfirmed;
    });
    return counted ? "real regression: a counter explains it"
                   : "slower on a quiet machine, and no counter explains it: look at caches, alignment and "
                     "branches of the code that moved";
}

} // namespace

Hypotheses explain(const std::string& benchmark, const Findings& findings,
                   const std::optional<KernelCounts>& reference, const std::optional<KernelCounts>& present,
                   const std::string& disturbance, const std::optional<TimeLimit>& limit) {
    constexpr double kFewFaults = 16;
    constexpr double kFewWaits = 50;
    Hypotheses result{
        .benchmark = benchmark,
        .conclusion = {},
        .causes = {by_count("fast path", "instructions an operation", findings),
                   by_count("thread-cache misses and refills", "refills", findings),
                   by_count("flushes", "flushes", findings),
                   by_count("fallbacks", "calls of the fallback", findings),
                   by_kernel("page faults", "faults", reference, present, &KernelCounts::faults, kFewFaults),
                   system_calls(findings),
                   by_kernel("lock waits and sleeps", "voluntary switches", reference, present,
                             &KernelCounts::waits, kFewWaits)}};
    result.conclusion = conclusion_of(findings, result.causes, disturbance, limit);
    result.causes.push_back(time_limit(limit));
    return result;
}

} // namespace ashlar::alarm
