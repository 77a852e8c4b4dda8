// SPDX-License-Identifier: MIT
#include "alarm/watch.h"

#include "alarm/false_alarms.h"
#include "alarm/significance.h"
#include "alarm/timed_figures.h"
#include "alarm/timed_runs.h"
#include "statistics/bootstrap.h"
#include "statistics/summary.h"

#include <algorithm>
#include <fmt/format.h>
#include <future>

namespace ashlar::alarm {

namespace {

using compare::Configuration;
using compare::Experiment;

constexpr int kSecondRounds = 21; // of benchmarks that the first pass found slower

constexpr const char* kInstructions = "instructions an operation";

class Watch {
  public:
    Watch(const Request& request, const machine::Interrupt& interrupt, const WatchObserver& observer)
        : request_(request), interrupt_(interrupt), observer_(observer) {}

    Report run() {
        if (judges(Gate::kExact)) {
            compare_counts();
        }
        if (!interrupt_.requested() &&
            (judges(Gate::kMemory) || judges(Gate::kTime) || judges(Gate::kCoarse))) {
            compare_runs();
        }
        explain_all();
        mark_significant(report_.findings, request_.spreads, report_.noise);
        report_.pattern = pattern_of(report_.findings);
        report_.complete = !interrupt_.requested();
        return std::move(report_);
    }

  private:
    bool judges(Gate gate) const { return request_.gates.contains(gate); }

    void add(Finding finding) { report_.findings.push_back(std::move(finding)); }
    void add(const Findings& findings) {
        report_.findings.insert(report_.findings.end(), findings.begin(), findings.end());
    }

    Counted counted(const Benchmark& benchmark, const allocators::Allocator& allocator,
                    const char* side) const {
        const std::filesystem::path folder = request_.scratch / side;
        std::filesystem::create_directories(folder);
        return count(benchmark.counted, allocator.library,
                     {.clock = request_.clock,
                      .scratch = folder,
                      .slowness = request_.slowness,
                      .interrupt = &interrupt_});
    }

    void compare_counts() {
        if (!request_.reference.library.empty() && !request_.present.library.empty()) {
            observer_.before_counting("the libraries' files");
            compare_files();
            try_on_baseline();
        }
        for (const Benchmark& benchmark : request_.benchmarks) {
            if (benchmark.counted.command.empty() || interrupt_.requested()) {
                continue;
            }
            observer_.before_counting(benchmark.timed.name);
            auto reference = std::async(std::launch::async,
                                        [&] { return counted(benchmark, request_.reference, "reference"); });
            Counted present = counted(benchmark, request_.present, "present");
            const Counted of_reference = reference.get();
            if (!present.trouble.empty() && of_reference.trouble.empty() && !interrupt_.requested()) {
                present = counted(benchmark, request_.present, "present"); // the failure may be chance
            }
            compare_counts(benchmark, of_reference, present);
        }
    }

    void compare_files() {
        const LibraryFile present = read_library_file(request_.present.library);
        add(judge_files(read_library_file(request_.reference.library), present));
        if (!present.trouble.empty()) {
            return;
        }
        const auto loaded = static_cast<double>(present.loaded_bytes);
        report_.figures[kLibraryFile][kLoadedBytes] = loaded;
        report_.figures[kLibraryFile][kTlsBytes] = static_cast<double>(present.tls_bytes);
        compare_with_anchor(kLibraryFile, kLoadedBytes, loaded);
    }

    void compare_with_anchor(const std::string& benchmark, const std::string& figure, double present) {
        const auto anchor = request_.anchors.find(benchmark);
        if (anchor == request_.anchors.end()) {
            return;
        }
        if (const auto found = anchor->second.find(figure); found != anchor->second.end()) {
            add(judge_anchor(benchmark, figure, found->second, present, request_.anchor_commit));
        }
    }

    // Runs one benchmark on a baseline processor. This finds code that asks the processor for its features
    // wrongly, which the list of the library's instructions cannot show.
    void try_on_baseline() {
        for (const Benchmark& benchmark : request_.benchmarks) {
            if (benchmark.counted.command.empty()) {
                continue;
            }
            const CountingSettings settings{.clock = request_.clock,
                                            .scratch = request_.scratch,
                                            .slowness = request_.slowness,
                                            .interrupt = &interrupt_};
            const auto& command = benchmark.counted.command;
            const auto trouble = trouble_on_baseline(command, request_.present.library, settings);
            if (trouble && !interrupt_.requested()) {
                Finding finding{.benchmark = benchmark.timed.name,
                                .gate = Gate::kExact,
                                .figure = "failures on a baseline processor",
                                .reference = 0,
                                .present = trouble->empty() ? 0.0 : 1.0,
                                .outcome = trouble->empty() ? Outcome::kPassed : Outcome::kRegressed,
                                .detail = *trouble};
                if (!trouble->empty() &&
                    !trouble_on_baseline(command, request_.reference.library, settings)->empty()) {
                    finding.outcome = Outcome::kNotJudged; // the emulator may be the cause
                    finding.obstacle = "the reference fails as well: " + *trouble;
                }
                add(std::move(finding));
            }
            return; // one is enough
        }
    }

    void compare_counts(const Benchmark& benchmark, const Counted& reference, const Counted& present) {
        if (interrupt_.requested()) {
            return;
        }
        const std::string& name = benchmark.timed.name;
        const double operations = benchmark.counted.operations;
        add(judge_counts(name, operations, reference, present));
        if (!present.trouble.empty() || !reference.trouble.empty()) {
            return;
        }
        report_.runs += 1;
        const double instructions = static_cast<double>(sum(present.counts.instructions)) / operations;
        report_.figures[name][kInstructions] = instructions;
        for (const auto& [call, times] : present.counts.system_calls) {
            report_.figures[name]["calls of " + call] = static_cast<double>(times);
        }
        for (const auto& [key, value] : present.counts.statistics) {
            report_.figures[name][key] = static_cast<double>(value);
        }
        // A start reads the environment, which differs between machines, so its stored count is no reference.
        const bool is_start = operations == 1;
        if (!is_start) {
            compare_with_anchor(name, kInstructions, instructions);
        }
    }

    TimedRuns timed(std::vector<Configuration> configurations, int rounds, std::uint64_t seed) const {
        return run_timed(request_, std::move(configurations), {.count = rounds, .seed = seed}, interrupt_,
                         observer_.rounds);
    }

    void compare_runs() {
        std::vector<Configuration> configurations;
        for (const Benchmark& benchmark : request_.benchmarks) {
            configurations.push_back(benchmark.timed);
        }
        const TimedRuns first = timed(configurations, request_.rounds, request_.seed);
        if (interrupt_.requested()) {
            return;
        }
        report_.disturbance = first.disturbance;
        for (std::size_t index = 0; index < request_.benchmarks.size(); ++index) {
            compare_benchmark(first, index);
        }
        look_again(first);
        experiment_ = first.experiment;
        report_.false_alarms = false_alarm_share(controls_, 1000, request_.seed);
    }

    void compare_benchmark(const TimedRuns& runs, std::size_t index) {
        const Benchmark& benchmark = request_.benchmarks[index];
        const std::string& name = benchmark.timed.name;
        const Experiment& experiment = runs.experiment;
        const Endings endings = endings_of(runs, index);
        report_.runs += static_cast<std::size_t>(endings.reference_well + endings.present_well);
        const std::optional<Finding> failed = judge_endings(name, endings);
        if (failed) {
            add(*failed);
        }
        if (!can_be_judged(experiment, index)) {
            if (!failed) {
                add({.benchmark = name,
                     .gate = Gate::kCoarse,
                     .figure = kFailedRuns,
                     .outcome = Outcome::kNotJudged,
                     .obstacle = "it was not run"});
            }
            return;
        }
        const std::vector<std::size_t> references{kReference, kReferenceAgain};
        if (judges(Gate::kMemory) && benchmark.judges_memory) {
            const bool own = benchmark.timed.own_figure.has_value();
            const Figure figure = own ? own_of : peak_of;
            const std::string words = own ? "RSS in KiB at the end" : kPeakRss;
            const std::vector<double> present = values(experiment, index, {kPresent}, figure);
            const std::vector<double> reference = values(experiment, index, {kReference}, figure);
            const std::vector<double> again = values(experiment, index, {kReferenceAgain}, figure);
            add(judge_memory(name, words, reference, again, present));
            report_.figures[name][words] = *std::min_element(present.begin(), present.end());
            controls_.memory.push_back(reference);
            controls_.memory.back().insert(controls_.memory.back().end(), again.begin(), again.end());
            const double one = *std::min_element(reference.begin(), reference.end());
            const double other = *std::min_element(again.begin(), again.end());
            if (one > 0 && other > 0) {
                report_.noise[fmt::format("{}, {}", name, words)] =
                    std::max(one, other) / std::min(one, other) - 1;
            }
        }
        if (judges(Gate::kCoarse)) {
            add(judge_coarse(name, kCpu, values(experiment, index, references, cpu_of),
                             values(experiment, index, {kPresent}, cpu_of), request_.factor, 0));
            add(judge_coarse(name, kIdle, values(experiment, index, references, idle_of),
                             values(experiment, index, {kPresent}, idle_of), request_.factor,
                             kIdleAllowance));
        }
        if (judges(Gate::kTime) && benchmark.judges_time) {
            for (const auto& [words, figure] : time_figures(benchmark)) {
                const TimeSample sample = time_sample(experiment, index, figure);
                const std::string key = fmt::format("{}, {}", name, words);
                const double noise = statistics::median_interval(sample.control).half_width();
                Finding finding =
                    judge_time(name, words, sample,
                               {.noise = noise_of(key), .disturbance = runs.disturbance.why_not_quiet()});
                if (finding.outcome != Outcome::kNotJudged) {
                    report_.noise[key] = noise;
                    controls_.ratios.push_back(sample.control);
                    controls_.thresholds.push_back(finding.threshold);
                }
                report_.figures[name][words] = sample.present;
                add(std::move(finding));
            }
        }
    }

    std::optional<double> noise_of(const std::string& key) const {
        const auto found = request_.noise.find(key);
        return found == request_.noise.end() ? std::nullopt : std::optional(found->second);
    }

    // Repeats the benchmarks that were slower. Only a second slow pass is a regression.
    void look_again(const TimedRuns& first) {
        std::vector<std::size_t> suspects;
        for (std::size_t index = 0; index < request_.benchmarks.size(); ++index) {
            const std::string& name = request_.benchmarks[index].timed.name;
            if (std::any_of(report_.findings.begin(), report_.findings.end(), [&](const Finding& each) {
                    return each.benchmark == name && each.gate == Gate::kTime &&
                           each.outcome == Outcome::kRegressed;
                })) {
                suspects.push_back(index);
            }
        }
        if (suspects.empty()) {
            return;
        }
        std::vector<Configuration> configurations;
        configurations.reserve(suspects.size());
        for (const std::size_t index : suspects) {
            configurations.push_back(first.experiment.plan.configurations[index]);
        }
        const TimedRuns second = timed(std::move(configurations), kSecondRounds, request_.seed + 1);
        if (interrupt_.requested()) {
            return;
        }
        for (Finding& finding : report_.findings) {
            if (finding.gate == Gate::kTime && finding.outcome == Outcome::kRegressed) {
                confirm(finding, second, suspects);
            }
        }
    }

    void confirm(Finding& finding, const TimedRuns& second, const std::vector<std::size_t>& suspects) const {
        for (std::size_t place = 0; place < suspects.size(); ++place) {
            const Benchmark& benchmark = request_.benchmarks[suspects[place]];
            if (benchmark.timed.name != finding.benchmark) {
                continue;
            }
            const Figure figure = finding.figure == kWall ? wall_of : cpu_of;
            const std::string key = fmt::format("{}, {}", finding.benchmark, finding.figure);
            const Finding again =
                judge_time(finding.benchmark, finding.figure, time_sample(second.experiment, place, figure),
                           {.noise = noise_of(key), .disturbance = second.disturbance.why_not_quiet()});
            finding.detail += "; once more: " + again.detail;
            finding.outcome = again.outcome == Outcome::kImproved ? Outcome::kPassed : again.outcome;
            finding.obstacle = again.obstacle;
            finding.present = again.present;
            finding.reference = again.reference;
        }
    }

    void explain_all() {
        const std::string why = report_.disturbance.why_not_quiet();
        for (std::size_t index = 0; index < request_.benchmarks.size(); ++index) {
            const std::string& name = request_.benchmarks[index].timed.name;
            Findings own;
            std::copy_if(report_.findings.begin(), report_.findings.end(), std::back_inserter(own),
                         [&](const Finding& each) { return each.benchmark == name; });
            if (worst(own) == Outcome::kRegressed || worst(own) == Outcome::kNotJudged) {
                report_.explanations.push_back(explain(
                    name, own, kernel_counts(experiment_, index, kReference),
                    kernel_counts(experiment_, index, kPresent), why, time_limit(experiment_, index)));
            }
        }
    }

    const Request& request_;
    const machine::Interrupt& interrupt_;
    const WatchObserver& observer_;
    Report report_;
    Experiment experiment_{}; // of the first pass; no samples: nothing was timed
    Controls controls_;       // for the false-alarm rate
};

} // namespace

Report watch(const Request& request, const machine::Interrupt& interrupt, const WatchObserver& observer) {
    return Watch(request, interrupt, observer).run();
}

} // namespace ashlar::alarm
