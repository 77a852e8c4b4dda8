// SPDX-License-Identifier: MIT
#include "alarm/watch.h"

#include "alarm/significance.h"
#include "measure/time_limit.h"
#include "statistics/bootstrap.h"
#include "statistics/random_order.h"
#include "statistics/summary.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <fmt/format.h>
#include <future>
#include <limits>
#include <sys/resource.h>

namespace ashlar::alarm {

namespace {

using compare::Configuration;
using compare::Experiment;
using compare::Sample;

constexpr std::size_t kReference = compare::kReference;
constexpr std::size_t kPresent = 1;
constexpr std::size_t kReferenceAgain = 2;
constexpr std::array kContenders{kReference, kPresent, kReferenceAgain};
constexpr int kSecondRounds = 21; // of benchmarks that the first pass found slower

constexpr double kFirstLimitSeconds = 30; // of a run in the warm-up, on a quick machine

constexpr const char* kCpu = "CPU seconds an operation";
constexpr const char* kWall = "wall seconds an operation";
constexpr const char* kPeakRss = "peak RSS in KiB";
constexpr const char* kIdle = "seconds off the processor, a thread";
constexpr const char* kInstructions = "instructions an operation";

double operations_of(const Configuration& configuration, const Sample& sample) {
    if (configuration.seconds) {
        return sample.figures.throughput.value_or(0) * *configuration.seconds;
    }
    return configuration.operations.value_or(1);
}

double cpu_of(const Configuration& configuration, const Sample& sample) {
    return sample.run.usage.cpu_seconds() / operations_of(configuration, sample);
}

double wall_of(const Configuration& configuration, const Sample& sample) {
    const double seconds = configuration.seconds.value_or(sample.run.usage.wall_seconds);
    return seconds / operations_of(configuration, sample);
}

double peak_of(const Configuration&, const Sample& sample) {
    return static_cast<double>(sample.run.usage.peak_rss_kib);
}

double own_of(const Configuration&, const Sample& sample) {
    return sample.figures.own.value_or(0);
}

double idle_of(const Configuration&, const Sample& sample) {
    return sample.run.idle_seconds.value_or(0);
}

using Figure = double (*)(const Configuration&, const Sample&);

// Of all runs that count, by round.
std::map<int, double> by_round(const Experiment& experiment, std::size_t configuration, std::size_t contender,
                               Figure figure) {
    std::map<int, double> values;
    for (const Sample& sample : experiment.samples) {
        if (sample.counts() && sample.configuration == configuration && sample.contender == contender) {
            values[sample.round] = figure(experiment.plan.configurations[configuration], sample);
        }
    }
    return values;
}

std::vector<double> values(const Experiment& experiment, std::size_t configuration,
                           const std::vector<std::size_t>& contenders, Figure figure) {
    std::vector<double> result;
    for (const std::size_t contender : contenders) {
        for (const auto& [round, value] : by_round(experiment, configuration, contender, figure)) {
            result.push_back(value);
        }
    }
    return result;
}

// Within rounds: the present one by the geometric mean of both runs of the reference, and these by each
// other.
TimeSample time_sample(const Experiment& experiment, std::size_t configuration, Figure figure) {
    TimeSample result;
    const auto first = by_round(experiment, configuration, kReference, figure);
    const auto again = by_round(experiment, configuration, kReferenceAgain, figure);
    for (const auto& [round, present] : by_round(experiment, configuration, kPresent, figure)) {
        const auto one = first.find(round);
        const auto other = again.find(round);
        if (one != first.end() && other != again.end() && one->second > 0 && other->second > 0) {
            result.ratios.push_back(present / std::sqrt(one->second * other->second));
            result.control.push_back(other->second / one->second);
        }
    }
    result.reference =
        statistics::median(values(experiment, configuration, {kReference, kReferenceAgain}, figure));
    result.present = statistics::median(values(experiment, configuration, {kPresent}, figure));
    return result;
}

std::vector<std::pair<const char*, Figure>> time_figures(const Benchmark& benchmark) {
    std::vector<std::pair<const char*, Figure>> figures{{kCpu, cpu_of}};
    if (benchmark.timed.threads > 1) {
        figures.emplace_back(kWall, wall_of);
    }
    return figures;
}

double own_cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Timed runs with the machine watched meanwhile.
struct TimedRuns {
    Experiment experiment;
    Disturbance disturbance;
};

std::optional<KernelCounts> kernel_counts(const Experiment& experiment, std::size_t configuration,
                                          std::size_t contender) {
    std::optional<KernelCounts> least;
    for (const Sample& sample : experiment.samples) {
        if (sample.counts() && sample.configuration == configuration && sample.contender == contender) {
            const measure::Usage& usage = sample.run.usage;
            const KernelCounts counts{.faults = static_cast<double>(usage.minor_faults),
                                      .system_seconds = usage.system_seconds,
                                      .waits = static_cast<double>(usage.voluntary_switches)};
            if (!least) {
                least = counts;
            }
            least->faults = std::min(least->faults, counts.faults);
            least->system_seconds = std::min(least->system_seconds, counts.system_seconds);
            least->waits = std::min(least->waits, counts.waits);
        }
    }
    return least;
}

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
                present = counted(benchmark, request_.present, "present"); // that may have been chance
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

    // What the library's instructions do not show: code that asks the processor what it has, and asks
    // wrongly.
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
                    finding.outcome = Outcome::kNotJudged; // the emulator may be to blame
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
        // A start reads the environment, which is another one elsewhere: its stored count is no measure.
        const bool is_start = operations == 1;
        if (!is_start) {
            compare_with_anchor(name, kInstructions, instructions);
        }
    }

    TimedRuns run_timed(std::vector<Configuration> configurations, int rounds, std::uint64_t seed) const {
        compare::Plan plan;
        plan.configurations = std::move(configurations);
        plan.contenders = {{.allocator = request_.reference},
                           {.allocator = request_.present},
                           {.allocator = request_.reference, .is_control = true}};
        plan.rounds = rounds;
        plan.seed = seed;
        plan.first_limit =
            std::chrono::milliseconds(static_cast<long>(kFirstLimitSeconds * 1000 * request_.slowness));
        plan.stacks_folder = request_.stacks_folder;
        plan.follow_threads = true;
        const MachineCounters before = read_machine_counters();
        const double own_before = own_cpu_seconds();
        TimedRuns runs{.experiment =
                           compare::run_rounds({.plan = std::move(plan), .samples = {}, .remarks = {}},
                                               interrupt_, observer_.rounds),
                       .disturbance = {}};
        double own = own_cpu_seconds() - own_before;
        for (const Sample& sample : runs.experiment.samples) {
            own += sample.run.usage.cpu_seconds();
        }
        runs.disturbance = disturbance(before, read_machine_counters(), own);
        return runs;
    }

    void compare_runs() {
        std::vector<Configuration> configurations;
        for (const Benchmark& benchmark : request_.benchmarks) {
            configurations.push_back(benchmark.timed);
        }
        const TimedRuns first = run_timed(configurations, request_.rounds, request_.seed);
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

    static Endings endings_of(const TimedRuns& runs, std::size_t index) {
        Endings endings;
        bool all_killed = true;
        for (const Sample& sample : runs.experiment.samples) {
            if (sample.configuration != index) {
                continue;
            }
            const bool is_present = sample.contender == kPresent;
            if (!sample.failure.empty()) {
                (is_present ? endings.present_failed : endings.reference_failed) += 1;
                (is_present ? endings.present_reason : endings.reference_reason) = sample.failure;
                const bool killed =
                    sample.run.ending == measure::Ending::kSignalled && sample.run.code == SIGKILL;
                all_killed = all_killed && (!is_present || killed);
            } else if (sample.counts()) {
                (is_present ? endings.present_well : endings.reference_well) += 1;
            }
        }
        endings.killed_for_memory = all_killed && runs.disturbance.memory_kills > 0;
        return endings;
    }

    // What runs that ended well show is judged even if others failed.
    bool can_be_judged(const Experiment& experiment, std::size_t index) const {
        return std::all_of(kContenders.begin(), kContenders.end(), [&](std::size_t contender) {
            return !by_round(experiment, index, contender, cpu_of).empty();
        });
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

    // What was slower must be so in runs of their own as well.
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
        const TimedRuns second = run_timed(std::move(configurations), kSecondRounds, request_.seed + 1);
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

    // The limit of a run, by the warm-up, and what runs take.
    std::optional<TimeLimit> time_limit(std::size_t index) const {
        double slowest = 0;
        std::vector<double> usual;
        for (const Sample& sample : experiment_.samples) {
            if (sample.configuration != index || !sample.failure.empty()) {
                continue;
            }
            if (sample.round == compare::kWarmUp) {
                slowest = std::max(slowest, sample.run.usage.wall_seconds);
            } else if (sample.contender != kPresent) {
                usual.push_back(sample.run.usage.wall_seconds);
            }
        }
        if (slowest == 0 || usual.empty()) {
            return std::nullopt;
        }
        return TimeLimit{.limit = std::chrono::duration<double>(measure::limit_after(slowest)).count(),
                         .usual = statistics::median(usual)};
    }

    void explain_all() {
        const std::string why = report_.disturbance.why_not_quiet();
        for (std::size_t index = 0; index < request_.benchmarks.size(); ++index) {
            const std::string& name = request_.benchmarks[index].timed.name;
            Findings own;
            std::copy_if(report_.findings.begin(), report_.findings.end(), std::back_inserter(own),
                         [&](const Finding& each) { return each.benchmark == name; });
            if (worst(own) == Outcome::kRegressed || worst(own) == Outcome::kNotJudged) {
                report_.explanations.push_back(
                    explain(name, own, kernel_counts(experiment_, index, kReference),
                            kernel_counts(experiment_, index, kPresent), why, time_limit(index)));
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

std::vector<double> drawn_anew(const std::vector<double>& values, std::size_t count,
                               std::mt19937_64& generator) {
    std::vector<double> drawn(count);
    for (double& each : drawn) {
        each = values[statistics::below(generator, values.size())];
    }
    return drawn;
}

bool memory_alarms(const std::vector<double>& runs, std::mt19937_64& generator) {
    const std::size_t rounds = std::max<std::size_t>(1, runs.size() / 2);
    const std::vector<double> reference = drawn_anew(runs, rounds, generator);
    const std::vector<double> again = drawn_anew(runs, rounds, generator);
    const std::vector<double> present = drawn_anew(runs, rounds, generator);
    return judge_memory("", "", reference, again, present).outcome == Outcome::kRegressed;
}

// The lower end of the interval of the median of as many values as there are, drawn anew.
double lower_end(const std::vector<double>& values, std::mt19937_64& generator) {
    const std::vector<double> drawn = drawn_anew(values, values.size(), generator);
    constexpr int kResamples = 200; // enough to know which draws are far above
    return statistics::median_interval(drawn, {.confidence = 0.95, .resamples = kResamples}).low;
}

} // namespace

Report watch(const Request& request, const machine::Interrupt& interrupt, const WatchObserver& observer) {
    return Watch(request, interrupt, observer).run();
}

double false_alarm_share(const Controls& controls, int draws, std::uint64_t seed) {
    std::mt19937_64 generator(seed);
    int alarms = 0;
    for (int draw = 0; draw < draws; ++draw) {
        bool alarm = std::any_of(controls.memory.begin(), controls.memory.end(),
                                 [&](const auto& runs) { return memory_alarms(runs, generator); });
        for (std::size_t index = 0; index < controls.ratios.size() && !alarm; ++index) {
            const double limit = 1 + controls.thresholds[index];
            // Twice, as the gate looks twice.
            alarm = lower_end(controls.ratios[index], generator) > limit;
            alarm = alarm && lower_end(controls.ratios[index], generator) > limit;
        }
        alarms += alarm ? 1 : 0;
    }
    return draws == 0 ? 0 : static_cast<double>(alarms) / draws;
}

} // namespace ashlar::alarm
