// SPDX-License-Identifier: MIT
#include "report/verdict.h"

#include "report/ratio_text.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ashlar::report {

namespace {

using compare::Advice;
using compare::Experiment;
using compare::kReference;
using compare::Metric;
using compare::Ratio;
using compare::Result;

constexpr const char* kAlikeWords = "no measurable difference";
constexpr const char* kUnknownWords = "too few rounds to say";

class Judge {
  public:
    Judge(const Experiment& experiment, const Result& result, std::size_t configuration)
        : experiment_(experiment), result_(result), configuration_(configuration),
          speed_metrics_(compare::speed_metrics(experiment.plan.configurations[configuration])) {}

    Verdict verdict() const {
        Verdict verdict;
        for (std::size_t contender = 0; contender < experiment_.plan.contenders.size(); ++contender) {
            if (contender != kReference && !experiment_.plan.contenders[contender].is_control) {
                verdict.allocators.push_back(on(contender));
            }
        }
        verdict.choice = why_none();
        if (verdict.choice.empty()) {
            verdict.speed = speed();
            verdict.memory = memory();
            verdict.choice = choice();
            verdict.unseen = unseen();
        }
        verdict.caution = caution();
        return verdict;
    }

  private:
    const std::string& name(std::size_t contender) const {
        return experiment_.plan.contenders[contender].allocator.name;
    }

    const compare::Row& row() const { return result_.rows[configuration_]; }

    std::optional<Advice> advice(std::size_t contender) const {
        return compare::advise(experiment_, result_, configuration_, contender);
    }

    const Ratio* ratio(std::size_t contender, Metric metric) const {
        const auto& found = row().cells[contender].of(metric);
        return found && found->to_system ? &*found->to_system : nullptr;
    }

    // Returns "peak RSS 1.17× (1.16 to 1.18)".
    std::string figure(std::size_t contender, Metric metric) const {
        const Ratio* const found = ratio(contender, metric);
        return words(metric) + " " +
               (found != nullptr ? ratio_text(found->median, found->interval) : "not known");
    }

    // A program's own figure is called by its name, if it has one.
    std::string words(Metric metric) const {
        const auto& own = experiment_.plan.configurations[configuration_].own_figure;
        const bool is_own = metric == Metric::kOwnFigure || metric == Metric::kOwnCost;
        return is_own && own && !own->words.empty() ? own->words.substr(0, own->words.find(", in "))
                                                    : short_words(metric);
    }

    std::string speed_figures(std::size_t contender) const {
        std::vector<std::string> figures;
        figures.reserve(speed_metrics_.size());
        for (const Metric metric : speed_metrics_) {
            figures.push_back(figure(contender, metric));
        }
        return fmt::format("{}", fmt::join(figures, ", "));
    }

    AllocatorVerdict on(std::size_t contender) const {
        const auto found = advice(contender);
        if (!found) {
            return {
                .contender = contender, .speed_words = "nothing that can be compared", .memory_words = {}};
        }
        return {.contender = contender,
                .speed = found->speed,
                .memory = found->memory,
                .speed_words = (found->contradictory ? "faster in one, slower in the other"
                                                     : report::speed_words(found->speed)) +
                               ": " + speed_figures(contender),
                .memory_words =
                    report::memory_words(found->memory) + ": " + figure(contender, Metric::kPeakRss)};
    }

    std::string why_none() const {
        if (row().cells[kReference].samples == 0) {
            return "none, as no run under System counts.";
        }
        if (!can_tell()) {
            return fmt::format(
                "none, as nothing can be told from so few rounds that count; {} are the fewest.",
                statistics::kFewestForInterval);
        }
        return those([](const Advice&) { return true; }).empty()
                   ? "none, as no other allocator could be measured."
                   : "";
    }

    // Returns whether System ran twice in enough rounds for an interval.
    bool can_tell() const {
        return std::any_of(speed_metrics_.begin(), speed_metrics_.end(), [&](Metric metric) {
            const auto& control = row().control_of(metric);
            return control && std::isfinite(control->interval.half_width());
        });
    }

    template <typename Matches>
    std::vector<std::size_t> those(const Matches& matches) const {
        std::vector<std::size_t> found;
        for (std::size_t contender = 0; contender < experiment_.plan.contenders.size(); ++contender) {
            const auto advice_on = advice(contender);
            if (advice_on && matches(*advice_on)) {
                found.push_back(contender);
            }
        }
        return found;
    }

    std::string names(const std::vector<std::size_t>& contenders) const {
        std::vector<std::string> all;
        all.reserve(contenders.size());
        for (const std::size_t each : contenders) {
            all.push_back(name(each));
        }
        return fmt::format("{}", fmt::join(all, ", "));
    }

    std::string speed() const {
        if (const auto best = fastest()) {
            return fmt::format("{} is the fastest: {}.", name(*best), speed_figures(*best));
        }
        const auto slower = those([](const Advice& on) { return on.speed == Standing::kWorse; });
        const auto torn = those([](const Advice& on) { return on.contradictory; });
        if (slower.empty() && torn.empty()) {
            return fmt::format("{}.", kAlikeWords);
        }
        return "nothing is measurably faster than System" +
               (slower.empty() ? "" : "; slower: " + names(slower)) +
               (torn.empty() ? "" : "; faster in one figure and slower in another: " + names(torn)) + ".";
    }

    std::string memory() const {
        if (const auto best = compare::leanest(experiment_, result_, configuration_)) {
            return fmt::format("{} needs the least: {}.", name(*best), figure(*best, Metric::kPeakRss));
        }
        const auto more = those([](const Advice& on) { return on.memory == Standing::kWorse; });
        if (more.empty()) {
            return fmt::format("{}.", kAlikeWords);
        }
        return more.size() == 1
                   ? fmt::format("{} needs more than System: {}.", name(more.front()),
                                 figure(more.front(), Metric::kPeakRss))
                   : fmt::format("nothing needs measurably less than System; more: {}.", names(more));
    }

    std::optional<std::size_t> fastest() const {
        const auto best = compare::best_choice(experiment_, result_, configuration_);
        return best && advice(*best)->speed == Standing::kBetter ? best : std::nullopt;
    }

    std::string choice() const {
        const auto best = compare::best_choice(experiment_, result_, configuration_);
        const auto lean = compare::leanest(experiment_, result_, configuration_);
        if (!best) {
            return lean ? fmt::format("keep System, unless memory counts more than speed: then {}.",
                                      name(*lean))
                        : "keep System.";
        }
        const Advice on_best = *advice(*best);
        if (on_best.speed != Standing::kBetter) {
            return fmt::format("{} for its memory; its speed differs from System's by nothing measurable.",
                               name(*best));
        }
        if (on_best.memory == Standing::kBetter) {
            return fmt::format("{}, which is faster and needs less memory than System.", name(*best));
        }
        const std::string other = lean ? name(*lean) : on_best.memory == Standing::kWorse ? "System" : "";
        return fmt::format("{} for its speed{}{}.", name(*best),
                           on_best.memory == Standing::kWorse ? ", which costs memory" : "",
                           other.empty() ? "" : "; " + other + " if memory counts more");
    }

    // Warns of runs so short that they mostly start and end a process.
    std::string caution() const {
        constexpr double kShort = 5e-3;
        if (experiment_.plan.configurations[configuration_].prints != compare::Prints::kAnything) {
            return "";
        }
        double fastest = kShort; // the fastest run: a busy machine slows others
        for (const compare::Sample& sample : experiment_.samples) {
            if (sample.counts() && sample.configuration == configuration_ && sample.contender == kReference) {
                fastest = std::min(fastest, sample.run.usage.wall_seconds);
            }
        }
        return fastest < kShort
                   ? fmt::format(
                         "a run takes {:.1f} ms, which is mostly the start of a process; let the command do "
                         "more, for 50 ms at least.",
                         fastest * 1e3)
                   : "";
    }

    std::string unseen() const {
        std::vector<Metric> metrics = speed_metrics_;
        metrics.push_back(Metric::kPeakRss);
        std::vector<std::string> limits;
        for (const Metric metric : metrics) {
            double limit = 0;
            for (std::size_t contender = 0; contender < row().cells.size(); ++contender) {
                if (const Ratio* const found = ratio(contender, metric)) {
                    limit = std::max(limit, found->smallest_visible());
                }
            }
            if (limit > 0 && std::isfinite(limit)) {
                limits.push_back(fmt::format("{} {:.1f} %", words(metric), limit * 100));
            }
        }
        return limits.empty()
                   ? ""
                   : fmt::format("Differences below these could not be seen: {}.", fmt::join(limits, ", "));
    }

    const Experiment& experiment_;
    const Result& result_;
    std::size_t configuration_;
    std::vector<Metric> speed_metrics_;
};

} // namespace

std::string speed_words(Standing standing) {
    switch (standing) {
    case Standing::kBetter:
        return "faster";
    case Standing::kWorse:
        return "slower";
    case Standing::kAlike:
        return kAlikeWords;
    case Standing::kUnknown:
        break;
    }
    return kUnknownWords;
}

std::string memory_words(Standing standing) {
    switch (standing) {
    case Standing::kBetter:
        return "less memory";
    case Standing::kWorse:
        return "more memory";
    case Standing::kAlike:
        return std::string(kAlikeWords) + " in memory";
    case Standing::kUnknown:
        break;
    }
    return kUnknownWords;
}

std::vector<std::pair<std::string, std::string>> sentences(const Verdict& verdict) {
    std::vector<std::pair<std::string, std::string>> all{{"Verdict", verdict.choice},
                                                         {"Speed", verdict.speed},
                                                         {"Memory", verdict.memory},
                                                         {"Caution", verdict.caution}};
    std::erase_if(all, [](const auto& sentence) { return sentence.second.empty(); });
    return all;
}

Verdict verdict_on(const Experiment& experiment, const Result& result, std::size_t configuration) {
    return Judge(experiment, result, configuration).verdict();
}

void Tally::add(Standing standing) {
    better += standing == Standing::kBetter ? 1 : 0;
    worse += standing == Standing::kWorse ? 1 : 0;
    alike += standing == Standing::kAlike ? 1 : 0;
}

std::string speed_words(const Tally& tally, const std::string& reference) {
    return tally.all() == 0 ? "nothing that can be compared"
                            : fmt::format("faster than {} in {} of {}, slower in {}, {} in {}", reference,
                                          tally.better, tally.all(), tally.worse, kAlikeWords, tally.alike);
}

std::string memory_words(const Tally& tally) {
    return tally.all() == 0 ? ""
                            : fmt::format("less memory in {} of {}, more in {}, {} in {}", tally.better,
                                          tally.all(), tally.worse, kAlikeWords, tally.alike);
}

const char* short_words(Metric metric) {
    switch (metric) {
    case Metric::kWall:
        return "wall time";
    case Metric::kCpu:
        return "CPU time";
    case Metric::kPeakRss:
        return "peak RSS";
    case Metric::kThroughput:
        return "operations per second";
    case Metric::kCpuPerOperation:
        return "CPU time per operation";
    default:
        return "own figure";
    }
}

} // namespace ashlar::report
