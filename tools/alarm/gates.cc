// SPDX-License-Identifier: MIT
#include "alarm/gates.h"

#include "statistics/bootstrap.h"
#include "statistics/summary.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

namespace ashlar::alarm {

namespace {

Outcome outcome_of(double factor, double threshold) {
    if (factor > 1 + threshold) {
        return Outcome::kRegressed;
    }
    return factor < 1 - threshold ? Outcome::kImproved : Outcome::kPassed;
}

Finding exact(const std::string& benchmark, const std::string& figure, double reference, double present,
              double threshold) {
    Finding finding{.benchmark = benchmark,
                    .gate = Gate::kExact,
                    .figure = figure,
                    .reference = reference,
                    .present = present,
                    .threshold = threshold};
    finding.outcome = outcome_of(finding.factor(), threshold);
    if (reference == 0 && present > 0) {
        finding.outcome = Outcome::kRegressed;
    }
    return finding;
}

// Returns "malloc +12 %, Bin::refill new", for example.
std::string functions_that_grew(const Instructions& reference, const Instructions& present) {
    constexpr std::size_t kMost = 5;
    struct Growth {
        std::string text;
        std::uint64_t more;
    };
    std::vector<Growth> grown;
    for (const auto& [function, now] : present) {
        const auto found = reference.find(function);
        const std::uint64_t before = found == reference.end() ? 0 : found->second;
        if (now > before) {
            const std::string much =
                before == 0 ? "new"
                            : fmt::format("{:+.1f} %",
                                          100 * (static_cast<double>(now) / static_cast<double>(before) - 1));
            grown.push_back(
                {fmt::format("{} {} ({} instructions more)", function, much, now - before), now - before});
        }
    }
    std::stable_sort(grown.begin(), grown.end(),
                     [](const Growth& one, const Growth& other) { return one.more > other.more; });
    std::vector<std::string> texts;
    for (const Growth& each : grown) {
        if (texts.size() < kMost) {
            texts.push_back(each.text);
        }
    }
    return texts.empty() ? "" : fmt::format("grew: {}", fmt::join(texts, "; "));
}

Finding not_judged(const std::string& benchmark, Gate gate, const std::string& figure, std::string why) {
    return {.benchmark = benchmark,
            .gate = gate,
            .figure = figure,
            .outcome = Outcome::kNotJudged,
            .obstacle = std::move(why)};
}

double least(std::span<const double> values) {
    return *std::min_element(values.begin(), values.end());
}

} // namespace

Outcome worst(const Findings& findings) {
    const auto any = [&](Outcome outcome) {
        return std::any_of(findings.begin(), findings.end(),
                           [&](const Finding& each) { return each.outcome == outcome; });
    };
    for (const Outcome outcome : {Outcome::kRegressed, Outcome::kNotJudged, Outcome::kImproved}) {
        if (any(outcome)) {
            return outcome;
        }
    }
    return Outcome::kPassed;
}

Findings judge_counts(const std::string& benchmark, double operations, const Counted& reference,
                      const Counted& present) {
    if (!reference.trouble.empty()) {
        return {not_judged(benchmark, Gate::kExact, "counts", "the reference: " + reference.trouble)};
    }
    if (!present.trouble.empty()) { // a regression: the same tools worked with the reference
        return {{.benchmark = benchmark,
                 .gate = Gate::kExact,
                 .figure = kFailedRuns,
                 .reference = 0,
                 .present = 1,
                 .outcome = Outcome::kRegressed,
                 .detail = present.trouble}};
    }
    Findings findings;
    Finding instructions =
        exact(benchmark, "instructions an operation",
              static_cast<double>(sum(reference.counts.instructions)) / operations,
              static_cast<double>(sum(present.counts.instructions)) / operations, kExactThreshold);
    if (instructions.outcome == Outcome::kRegressed) {
        instructions.detail = functions_that_grew(reference.counts.instructions, present.counts.instructions);
    }
    findings.push_back(std::move(instructions));

    std::set<std::string> calls;
    for (const SystemCalls* const each : {&reference.counts.system_calls, &present.counts.system_calls}) {
        for (const auto& [call, times] : *each) {
            calls.insert(call);
        }
    }
    calls.erase("futex"); // by chance: the main thread waits for the worker, or finds that it has ended
    const auto times = [](const SystemCalls& of, const std::string& call) {
        const auto found = of.find(call);
        return found == of.end() ? 0.0 : static_cast<double>(found->second);
    };
    for (const std::string& call : calls) {
        findings.push_back(exact(benchmark, fmt::format("calls of {}", call),
                                 times(reference.counts.system_calls, call),
                                 times(present.counts.system_calls, call), 0));
    }
    for (const CountedStatistic& each : kStatistics) {
        const auto before = reference.counts.statistics.find(each.key);
        const auto now = present.counts.statistics.find(each.key);
        if (before == reference.counts.statistics.end() || now == present.counts.statistics.end()) {
            findings.push_back(
                not_judged(benchmark, Gate::kExact, each.words, "one of the libraries does not tell it"));
        } else {
            findings.push_back(exact(benchmark, each.words, static_cast<double>(before->second),
                                     static_cast<double>(now->second), each.equal ? 0 : kExactThreshold));
        }
    }
    return findings;
}

Findings judge_files(const LibraryFile& reference, const LibraryFile& present) {
    const std::string name = kLibraryFile;
    for (const LibraryFile* const each : {&reference, &present}) {
        if (!each->trouble.empty()) {
            return {not_judged(name, Gate::kExact, "size", each->trouble)};
        }
    }
    Finding baseline = exact(name, "functions above the baseline instruction set",
                             static_cast<double>(reference.above_baseline.size()),
                             static_cast<double>(present.above_baseline.size()), 0);
    baseline.detail = fmt::format("{}", fmt::join(present.above_baseline, "; "));
    return {exact(name, kLoadedBytes, static_cast<double>(reference.loaded_bytes),
                  static_cast<double>(present.loaded_bytes), kExactThreshold),
            exact(name, kTlsBytes, static_cast<double>(reference.tls_bytes),
                  static_cast<double>(present.tls_bytes), 0),
            std::move(baseline)};
}

Finding judge_anchor(const std::string& benchmark, const std::string& figure, double anchor, double present,
                     const std::string& commit) {
    Finding finding =
        exact(benchmark, fmt::format("{}, since {}", figure, commit), anchor, present, kAnchorThreshold);
    finding.is_since_anchor = true;
    if (finding.outcome == Outcome::kImproved) {
        finding.outcome = Outcome::kPassed; // the improvement was recorded when the reference moved
    }
    return finding;
}

std::optional<Finding> judge_endings(const std::string& benchmark, const Endings& endings) {
    const bool alone = endings.reference_failed == 0 && !endings.killed_for_memory;
    const bool never = endings.present_well == 0 && endings.reference_well > 0;
    if (endings.present_failed > 0 && (alone || never)) {
        return Finding{.benchmark = benchmark,
                       .gate = Gate::kCoarse,
                       .figure = kFailedRuns,
                       .reference = static_cast<double>(endings.reference_failed),
                       .present = static_cast<double>(endings.present_failed),
                       .outcome = Outcome::kRegressed,
                       .detail = endings.present_reason};
    }
    if (endings.reference_failed > 0) {
        return not_judged(benchmark, Gate::kCoarse, kFailedRuns,
                          "the reference failed: " + endings.reference_reason);
    }
    if (endings.present_failed > 0) {
        return not_judged(benchmark, Gate::kCoarse, kFailedRuns, "memory ran out: " + endings.present_reason);
    }
    return std::nullopt;
}

Finding judge_memory(const std::string& benchmark, const std::string& figure,
                     std::span<const double> reference, std::span<const double> reference_again,
                     std::span<const double> present) {
    Finding finding{.benchmark = benchmark,
                    .gate = Gate::kMemory,
                    .figure = figure,
                    .reference = std::max(least(reference), least(reference_again)),
                    .present = least(present),
                    .threshold = kMemoryThreshold};
    if (finding.reference > 0) {
        finding.threshold = std::max(kMemoryThreshold, kMemoryAllowanceKib / finding.reference);
    }
    finding.smallest_visible = finding.threshold;
    finding.outcome = outcome_of(finding.factor(), finding.threshold);
    return finding;
}

Finding judge_time(const std::string& benchmark, const std::string& figure, const TimeSample& sample,
                   const TimeSettings& settings) {
    const statistics::Interval interval = statistics::median_interval(sample.ratios);
    const statistics::Interval control = statistics::median_interval(sample.control);
    const double median = statistics::median(sample.ratios);
    Finding finding{.benchmark = benchmark,
                    .gate = Gate::kTime,
                    .figure = figure,
                    .reference = sample.reference,
                    .present = sample.reference * median,
                    .threshold = std::max(kTimeThreshold, settings.noise.value_or(control.half_width()))};
    finding.smallest_visible = finding.threshold + interval.half_width();
    finding.detail = fmt::format("{:.3f}× ({:.3f} to {:.3f}); the reference by itself {:.3f} to {:.3f}",
                                 median, interval.low, interval.high, control.low, control.high);
    if (!std::isfinite(interval.low) || !std::isfinite(interval.high)) {
        finding.obstacle = "too few runs ended well";
    } else if (!settings.disturbance.empty()) {
        finding.obstacle = settings.disturbance;
    } else if (control.half_width() > kMostNoise) {
        finding.obstacle =
            fmt::format("the reference differs from itself by more than {:.0f} %: a quiet machine is "
                        "needed",
                        100 * kMostNoise);
    }
    if (!finding.obstacle.empty()) {
        finding.outcome = Outcome::kNotJudged;
    } else if (interval.low > 1 + finding.threshold) {
        finding.outcome = Outcome::kRegressed;
    } else if (interval.high < 1 / (1 + finding.threshold)) {
        finding.outcome = Outcome::kImproved;
    }
    return finding;
}

Finding judge_coarse(const std::string& benchmark, const std::string& figure,
                     std::span<const double> reference, std::span<const double> present, double factor,
                     double allowance) {
    Finding finding{.benchmark = benchmark,
                    .gate = Gate::kCoarse,
                    .figure = figure,
                    .reference = least(reference),
                    .present = least(present),
                    .threshold = factor - 1,
                    .smallest_visible = factor - 1};
    finding.outcome =
        finding.present > factor * finding.reference + allowance ? Outcome::kRegressed : Outcome::kPassed;
    return finding;
}

std::string pattern_of(const Findings& findings) {
    std::vector<double> factors;
    std::set<std::string> benchmarks;
    for (const Finding& each : findings) {
        const bool moved = each.outcome == Outcome::kRegressed || each.outcome == Outcome::kImproved;
        const bool is_speed = each.gate == Gate::kTime || each.figure == "instructions an operation";
        if (moved && is_speed && benchmarks.insert(each.benchmark).second) {
            factors.push_back(each.factor());
        }
    }
    if (factors.size() < 2) {
        return "";
    }
    const auto [low, high] = std::minmax_element(factors.begin(), factors.end());
    constexpr double kAlike = 1.1; // largest factor by smallest
    constexpr std::size_t kMany = 4;
    if (*high / *low <= kAlike && factors.size() >= kMany) {
        return fmt::format("{} benchmarks moved by about the same factor, {:.2f} to {:.2f}: look at the fast "
                           "path, the compiler and its flags.",
                           factors.size(), *low, *high);
    }
    return fmt::format("{} benchmarks moved, by factors from {:.2f} to {:.2f}: look at the parts that these "
                       "watch: {}.",
                       factors.size(), *low, *high, fmt::join(benchmarks, ", "));
}

} // namespace ashlar::alarm
