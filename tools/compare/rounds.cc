// SPDX-License-Identifier: MIT
#include "compare/rounds.h"

#include "measure/stacks.h"
#include "statistics/random_order.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string_view>

namespace ashlar::compare {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kWarmUpLimit{30};
constexpr seconds kLeastLimit{5}; // a stall of a shared machine is not a hang
constexpr double kLimitOverWarmUp = 10;
constexpr int kFailuresToGiveUp = 3;

std::string last_line(const std::string& text) {
    const auto end = text.find_last_not_of('\n');
    if (end == std::string::npos) {
        return "";
    }
    const auto start = text.rfind('\n', end);
    return text.substr(start + 1, end - start); // npos + 1 is 0
}

std::optional<double> number_between(std::string_view before, std::string_view line, std::string_view after) {
    if (!line.starts_with(before) || !line.ends_with(after)) {
        return std::nullopt;
    }
    double value = 0;
    const char* const end = line.data() + line.size() - after.size();
    const auto [stop, error] = std::from_chars(line.data() + before.size(), end, value);
    const bool read = error == std::errc() && stop == end && std::isfinite(value);
    return read ? std::optional(value) : std::nullopt;
}

std::string file_name(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](unsigned char each) { return std::isalnum(each) == 0; }, '-');
    return text;
}

// One plan on its way to becoming an experiment.
class Runner {
  public:
    Runner(const Plan& plan, const machine::Interrupt& interrupt,
           const std::function<void(const Progress&)>& before_each_run)
        : interrupt_(interrupt), before_each_run_(before_each_run), order_(plan.seed),
          failures_(plan.configurations.size(), std::vector<int>(plan.contenders.size())),
          unproven_(plan.contenders.size()) {
        experiment_.plan = plan;
        const auto contenders = static_cast<int>(plan.contenders.size());
        for (const Configuration& configuration : plan.configurations) {
            limits_.push_back(kWarmUpLimit +
                              milliseconds(static_cast<long>(configuration.seconds.value_or(0) * 1000)));
            progress_.total += contenders * plan.rounds_of(configuration) + contenders - 1;
        }
    }

    Experiment run() {
        for (int round = kWarmUp; round <= plan().rounds; ++round) {
            for (std::size_t index = 0; index < plan().configurations.size(); ++index) {
                if (round <= plan().rounds_of(plan().configurations[index])) {
                    run_configuration(round, index);
                }
                if (interrupt_.requested()) {
                    return std::move(experiment_);
                }
            }
            if (round == kWarmUp) {
                set_limits();
            }
        }
        experiment_.complete = true;
        return std::move(experiment_);
    }

  private:
    const Plan& plan() const { return experiment_.plan; }

    void run_configuration(int round, std::size_t configuration) {
        int position = 0;
        for (const std::size_t contender : statistics::random_order(plan().contenders.size(), order_)) {
            if (interrupt_.requested()) {
                return;
            }
            if (round == kWarmUp && plan().contenders[contender].is_control) {
                continue;
            }
            announce(round, configuration, contender);
            if (failures_[configuration][contender] < kFailuresToGiveUp) {
                take_sample({.configuration = configuration,
                             .contender = contender,
                             .round = round,
                             .position = ++position,
                             .run = {},
                             .figures = {},
                             .failure = ""});
            }
        }
    }

    void announce(int round, std::size_t configuration, std::size_t contender) {
        progress_.round = round;
        progress_.configuration = &plan().configurations[configuration];
        progress_.contender = &plan().contenders[contender];
        before_each_run_(progress_);
        ++progress_.done;
    }

    void take_sample(Sample sample) {
        const auto& allocator = plan().contenders[sample.contender].allocator;
        std::string stacks_file;
        sample.run =
            measure::run({.arguments = plan().configurations[sample.configuration].command,
                          .preload = allocator.library,
                          .prove_preload = sample.round == kWarmUp && !allocator.is_system()},
                         {.time_limit = plan().time_limit.value_or(limits_[sample.configuration]),
                          .interrupt = &interrupt_,
                          .on_time_out = [&](pid_t pid) { stacks_file = save_stacks(sample, pid); }});
        if (sample.run.ending == measure::Ending::kInterrupted) {
            return; // our doing, not the allocator's
        }
        judge(sample, stacks_file);
        sample.run.output.clear();
        sample.run.errors.clear();
        experiment_.samples.push_back(std::move(sample));
    }

    // Fills in the figures, or why there are none.
    void judge(Sample& sample, const std::string& stacks_file) {
        const measure::Run& run = sample.run;
        sample.figures = read_figures(run.output);
        int& failures = failures_[sample.configuration][sample.contender];
        if (!run.succeeded()) {
            sample.failure = measure::describe_ending(run);
            if (!run.errors.empty()) {
                sample.failure += ": " + last_line(run.errors);
            }
            if (!stacks_file.empty()) {
                sample.failure += "; the stacks of its threads are in " + stacks_file;
            }
        } else if (!sample.figures.throughput && !sample.figures.rss_per_live) {
            sample.failure = "its last line is no figure";
        } else if (run.preload_mapped == false) {
            sample.failure = "its library was not in the memory of the command";
            if (!run.errors.empty()) {
                sample.failure += ": " + last_line(run.errors);
            }
            failures = kFailuresToGiveUp; // whatever it would measure is another allocator
        }
        if (!sample.failure.empty()) {
            ++failures;
            return;
        }
        remark_missing_proof(sample);
    }

    void remark_missing_proof(const Sample& sample) {
        const auto& allocator = plan().contenders[sample.contender].allocator;
        if (sample.round == kWarmUp && !allocator.is_system() && !sample.run.preload_mapped &&
            !unproven_[sample.contender]) {
            unproven_[sample.contender] = true;
            experiment_.remarks.push_back(allocator.name +
                                          ": that its library was loaded could not be shown, as "
                                          "tracing is not permitted here");
        }
    }

    std::string save_stacks(const Sample& sample, pid_t pid) const {
        const auto& configuration = plan().configurations[sample.configuration];
        const auto& allocator = plan().contenders[sample.contender].allocator;
        const auto path = plan().stacks_folder /
                          ("hang-" + file_name(allocator.name) + "-" + file_name(configuration.name) +
                           "-round-" + std::to_string(sample.round) + ".txt");
        std::ofstream file(path);
        file << configuration.name << " under " << allocator.name << ", round " << sample.round << "\n\n"
             << measure::thread_stacks(pid);
        return file ? path.string() : "";
    }

    void set_limits() {
        std::vector<double> slowest(plan().configurations.size());
        for (const Sample& sample : experiment_.samples) {
            if (sample.failure.empty()) {
                slowest[sample.configuration] =
                    std::max(slowest[sample.configuration], sample.run.usage.wall_seconds);
            }
        }
        for (std::size_t index = 0; index < limits_.size(); ++index) {
            const auto by_warm_up = milliseconds(static_cast<long>(slowest[index] * kLimitOverWarmUp * 1000));
            limits_[index] = std::max<milliseconds>(kLeastLimit, by_warm_up);
        }
    }

    Experiment experiment_;
    const machine::Interrupt& interrupt_;
    const std::function<void(const Progress&)>& before_each_run_;
    std::mt19937_64 order_;
    std::vector<std::vector<int>> failures_; // by configuration and contender
    std::vector<bool> unproven_;             // by contender
    std::vector<milliseconds> limits_;       // by configuration
    Progress progress_;
};

} // namespace

Experiment run_rounds(const Plan& plan, const machine::Interrupt& interrupt,
                      const std::function<void(const Progress&)>& before_each_run) {
    return Runner(plan, interrupt, before_each_run).run();
}

Figures read_figures(const std::string& output) {
    const std::string last = last_line(output);
    Figures figures;
    if (const auto number = number_between("Throughput = ", last, " operations per second"); number > 0) {
        figures.throughput = number;
    }
    if (const auto number = number_between("RSS / live = ", last, " (geometric mean of the phase ends)");
        number > 0) {
        figures.rss_per_live = number;
    }
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) {
        if (const auto number = number_between("Throughput drift = ", line, " %")) {
            figures.throughput_drift = number;
        } else if (const auto other = number_between("RSS drift = ", line, " %")) {
            figures.rss_drift = other;
        }
        for (std::size_t index = 0; index < kLatencyNames.size(); ++index) {
            if (const auto time = number_between(std::string(kLatencyNames[index]) + " = ", line, " ns")) {
                figures.latencies[index] = time;
            }
        }
    }
    return figures;
}

} // namespace ashlar::compare
