// SPDX-License-Identifier: MIT
#include "compare/rounds.h"

#include "allocators/identity.h"
#include "allocators/service.h"
#include "compare/sample_runner.h"
#include "measure/time_limit.h"
#include "statistics/random_order.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <future>
#include <set>

namespace ashlar::compare {

namespace {

using std::chrono::milliseconds;

// Returns "/usr/bin/python3.11", or "redis-server (/usr/bin/redis-check-rdb)" if the file has another name.
std::string name_of(const measure::Image& image) {
    const std::string file = image.executable.substr(image.executable.rfind('/') + 1);
    return file.starts_with(image.name) ? image.executable : image.name + " (" + image.executable + ")";
}

// Contenders that run at the same time: one alone, or in a duet System and another.
struct Bout {
    std::vector<std::size_t> contenders;
    std::size_t number = 0; // see Sample::bout
};

// Turns one plan into an experiment.
class Runner {
  public:
    Runner(Experiment experiment, const machine::Interrupt& interrupt, const Observer& observer)
        : experiment_(std::move(experiment)), interrupt_(interrupt), observer_(observer),
          runner_(experiment_.plan, interrupt), order_(plan().seed),
          failures_(plan().configurations.size(), std::vector<int>(plan().contenders.size())),
          unproven_(plan().contenders.size()) {
        for (const Configuration& configuration : plan().configurations) {
            limits_.push_back(plan().first_limit +
                              milliseconds(static_cast<long>(configuration.seconds.value_or(0) * 1000)));
            progress_.total += runs_of(plan(), configuration);
        }
        for (const Sample& sample : experiment_.samples) { // for a continued experiment
            learn_from(sample);
        }
    }

    Experiment run() {
        experiment_.complete = false;
        for (const Series& series : all_series()) {
            order_.seed(plan().seed);
            const bool ran = run_series(series);
            clean_up();
            if (!ran) {
                return std::move(experiment_);
            }
        }
        experiment_.complete = true;
        return std::move(experiment_);
    }

  private:
    const Plan& plan() const { return experiment_.plan; }

    const allocators::Allocator& allocator(std::size_t contender) const {
        return plan().contenders[contender].allocator;
    }

    // Configurations that share their rounds.
    using Series = std::vector<std::size_t>;

    std::vector<Series> all_series() const {
        std::vector<Series> all(plan().one_after_another ? plan().configurations.size() : 1);
        for (std::size_t index = 0; index < plan().configurations.size(); ++index) {
            all[plan().one_after_another ? index : 0].push_back(index);
        }
        return all;
    }

    // Returns false if interrupted.
    bool run_series(const Series& series) {
        for (int round = kWarmUp; round <= plan().rounds && !all_given_up(series); ++round) {
            for (const std::size_t index : series) {
                if (round <= plan().rounds_of(plan().configurations[index])) {
                    run_configuration(round, index);
                }
                if (interrupt_.requested()) {
                    return false;
                }
            }
            observer_.after_each_round(experiment_);
            if (round == kWarmUp && !warm_up_again(series)) {
                return false;
            }
        }
        return true;
    }

    void run_configuration(int round, std::size_t configuration) {
        int position = 0;
        for (const Bout& bout : bouts(round)) {
            if (interrupt_.requested()) {
                return;
            }
            announce(round, configuration, bout);
            ++position;
            if (is_done(round, configuration, bout) || is_given_up(configuration, bout)) {
                continue;
            }
            if (!set_up(configuration)) {
                return;
            }
            take_samples(configuration, round, position, bout);
            if (round == kWarmUp && bout.contenders.front() == kReference) {
                put_system_first();
            }
        }
    }

    // Runs the warm-up's runs after the first, and discards them. Returns false if interrupted.
    bool warm_up_again(const Series& series) {
        for (int again = 1; again < plan().warm_ups; ++again) {
            for (const std::size_t index : series) {
                for (const Bout& bout : bouts(kWarmUp)) {
                    announce(kWarmUp, index, bout);
                    if (!is_given_up(index, bout) && !is_over(index) && set_up(index)) {
                        runner_.run({.configuration = index, .contender = bout.contenders.front()}, 0,
                                    limits_[index]);
                    }
                    if (interrupt_.requested()) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    // Draws the order even for finished rounds, so that a continued experiment has the same one.
    std::vector<Bout> bouts(int round) {
        std::vector<Bout> result;
        for (const std::size_t contender : statistics::random_order(plan().contenders.size(), order_)) {
            if (round == kWarmUp) {
                // System first: its time sets the limit of the others. The control would show nothing new.
                const auto place = contender == kReference ? result.begin() : result.end();
                if (!plan().contenders[contender].is_control) {
                    result.insert(place, {.contenders = {contender}});
                }
            } else if (!plan().duet) {
                result.push_back({.contenders = {contender}});
            } else if (contender != kReference) {
                result.push_back({.contenders = {kReference, contender}, .number = contender});
            }
        }
        return result;
    }

    bool is_done(int round, std::size_t configuration, const Bout& bout) const {
        return std::any_of(experiment_.samples.begin(), experiment_.samples.end(), [&](const Sample& sample) {
            return sample.round == round && sample.configuration == configuration &&
                   sample.contender == bout.contenders.back() && sample.bout == bout.number;
        });
    }

    bool all_given_up(const Series& series) const {
        return std::all_of(series.begin(), series.end(), [&](std::size_t configuration) {
            return failures_[configuration][kReference] >= kFailuresToGiveUp;
        });
    }

    // Returns whether a continued experiment has begun the configuration's last round.
    bool is_over(std::size_t configuration) const {
        const int last = plan().rounds_of(plan().configurations[configuration]);
        return std::any_of(experiment_.samples.begin(), experiment_.samples.end(), [&](const Sample& sample) {
            return sample.configuration == configuration && sample.round == last;
        });
    }

    // Sets up a configuration before its first run. A failure ends it for all contenders. Returns false on a
    // failure or an interrupt.
    bool set_up(std::size_t configuration) {
        if (!is_set_up_.insert(configuration).second) {
            return true;
        }
        const std::string& setup = plan().configurations[configuration].setup;
        if (setup.empty()) {
            return true;
        }
        Sample sample{.configuration = configuration, .contender = kReference, .round = kWarmUp};
        sample.failure = runner_.run_step("sets up", setup, sample);
        if (sample.failure.empty()) {
            return true;
        }
        sample.errors = last_words_of(sample.run);
        if (sample.run.ending != measure::Ending::kInterrupted) {
            conclude(std::move(sample));
        }
        return false;
    }

    // Cleans up after a series, even an interrupted one, so that nothing remains.
    void clean_up() {
        for (const std::size_t index : is_set_up_) {
            const Configuration& configuration = plan().configurations[index];
            if (configuration.cleanup.empty()) {
                continue;
            }
            Sample sample{.configuration = index, .contender = kReference, .round = plan().rounds};
            const std::string failure = runner_.run_step("cleans up", configuration.cleanup, sample);
            if (!failure.empty()) {
                experiment_.remarks.push_back(configuration.name + ": " + failure);
            }
        }
        is_set_up_.clear();
    }

    bool is_given_up(std::size_t configuration, const Bout& bout) const {
        return failures_[configuration][kReference] >= kFailuresToGiveUp ||
               std::any_of(bout.contenders.begin(), bout.contenders.end(), [&](std::size_t contender) {
                   return failures_[configuration][contender] >= kFailuresToGiveUp;
               });
    }

    void announce(int round, std::size_t configuration, const Bout& bout) {
        progress_.round = round;
        progress_.configuration = &plan().configurations[configuration];
        progress_.place = configuration;
        progress_.contender = &plan().contenders[bout.contenders.back()];
        observer_.before_each_run(progress_);
        ++progress_.done;
    }

    void take_samples(std::size_t configuration, int round, int position, const Bout& bout) {
        std::vector<std::future<Sample>> running;
        for (std::size_t place = 0; place < bout.contenders.size(); ++place) {
            const Sample sample{.configuration = configuration,
                                .contender = bout.contenders[place],
                                .round = round,
                                .position = position,
                                .bout = bout.number};
            // A single run is deferred: this thread performs it in get().
            running.push_back(std::async(
                bout.contenders.size() > 1 ? std::launch::async : std::launch::deferred,
                [this, sample, place] { return runner_.run(sample, place, limits_[sample.configuration]); }));
        }
        std::vector<Sample> samples;
        bool interrupted = false;
        for (auto& each : running) {
            samples.push_back(each.get());
            interrupted |= samples.back().run.ending == measure::Ending::kInterrupted;
        }
        for (Sample& sample : samples) {
            if (!interrupted) { // an interrupt is not the allocator's failure
                conclude(std::move(sample));
            }
        }
    }

    void conclude(Sample sample) {
        learn_from(sample);
        if (sample.failure.empty()) {
            remark_missing_proof(sample);
        }
        last_images_ = sample.run.images;
        sample.run.output.clear();
        sample.run.errors.clear();
        experiment_.samples.push_back(std::move(sample));
    }

    // Updates the failures and time limits of later runs.
    void learn_from(const Sample& sample) {
        int& failures = failures_[sample.configuration][sample.contender];
        if (!sample.failure.empty()) {
            const bool for_good =
                sample.unserved || (sample.contender == kReference && sample.round == kWarmUp);
            failures = for_good ? kFailuresToGiveUp : failures + 1;
        } else if (sample.round == kWarmUp) {
            slowest_.resize(limits_.size());
            double& slowest = slowest_[sample.configuration];
            slowest = std::max(slowest, sample.run.usage.wall_seconds);
            limits_[sample.configuration] = measure::limit_after(slowest);
        }
    }

    // Preloads the C library for System if the program is linked with another allocator.
    void put_system_first() {
        if (!plan().system_preload.empty()) {
            return;
        }
        std::set<std::string> linked;
        for (const measure::Image& image : last_images_) {
            if (!image.other_allocator.empty()) {
                linked.insert(name_of(image) + " is linked with an allocator of its own, " +
                              image.other_allocator);
            }
        }
        if (!linked.empty()) {
            experiment_.plan.system_preload = allocators::c_library();
            experiment_.remarks.push_back(
                fmt::format("{}; it has that one unless another is preloaded. For {} the C library was "
                            "preloaded, so that its malloc is what was measured.",
                            fmt::join(linked, "; "), allocators::kSystem));
        }
    }

    void remark_missing_proof(const Sample& sample) {
        if (sample.round == kWarmUp && allocator(sample.contender).is_preloaded() && !sample.library_mapped &&
            !unproven_[sample.contender]) {
            unproven_[sample.contender] = true;
            experiment_.remarks.push_back(allocator(sample.contender).name +
                                          ": that its library was loaded could not be shown, as "
                                          "tracing is not permitted here");
        }
    }

    Experiment experiment_;
    const machine::Interrupt& interrupt_;
    const Observer& observer_;
    SampleRunner runner_;
    std::mt19937_64 order_;
    std::vector<std::vector<int>> failures_;  // by configuration and contender
    std::set<std::size_t> is_set_up_;         // configurations of this series
    std::vector<bool> unproven_;              // by contender
    std::vector<milliseconds> limits_;        // by configuration
    std::vector<double> slowest_;             // seconds by configuration, in the warm-up so far
    std::vector<measure::Image> last_images_; // of the last sample
    Progress progress_;
};

} // namespace

int runs_of(const Plan& plan, const Configuration& configuration) {
    const int contenders = static_cast<int>(plan.contenders.size());
    const int bouts = plan.duet ? contenders - 1 : contenders;
    return bouts * plan.rounds_of(configuration) + (contenders - 1) * std::max(plan.warm_ups, 1);
}

Experiment run_rounds(Experiment experiment, const machine::Interrupt& interrupt, const Observer& observer) {
    return Runner(std::move(experiment), interrupt, observer).run();
}

} // namespace ashlar::compare
