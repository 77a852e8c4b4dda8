// SPDX-License-Identifier: MIT
#include "report/comparison_findings.h"

#include "report/failures.h"
#include "report/sample_fields.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <map>
#include <string_view>
#include <utility>

namespace ashlar::report {

namespace {

using compare::Metric;

// Metrics that explain others, and that few people look for.
constexpr std::array kSecondary{Metric::kThroughputKept, Metric::kRssKept, Metric::kMinorFaults,
                                Metric::kContextSwitches, Metric::kRssTrend};

// Returns a short title that still distinguishes the metric.
std::string short_title(Metric metric) {
    switch (metric) {
    case Metric::kCpuPerOperation:
        return "CPU time per operation";
    case Metric::kRssPerLive:
        return "RSS / live bytes";
    case Metric::kPeakRssOfAll:
        return "Peak RSS of all";
    default:
        return compare::facts(metric).words;
    }
}

bool is_own(Metric metric) {
    return metric == Metric::kOwnFigure || metric == Metric::kOwnCost;
}

constexpr statistics::Interval kUnbounded{.low = -std::numeric_limits<double>::infinity(),
                                          .high = std::numeric_limits<double>::infinity()};

bool is_speed(Metric metric) {
    return metric == Metric::kThroughput || metric == Metric::kCpuPerOperation || metric == Metric::kWall ||
           metric == Metric::kCpu;
}

Estimate estimate_of(const compare::Ratio& ratio) {
    return {.median = ratio.median, .interval = ratio.interval};
}

// Wall and CPU time say nothing about a run of fixed duration, and repeat operations per second.
bool is_implied(const compare::Configuration& configuration, Metric metric) {
    return configuration.prints == compare::Prints::kFigures &&
           (metric == Metric::kWall || metric == Metric::kCpu);
}

// Returns "2026-11-21 14:08 UTC" for "2026-11-21T14:08:51Z".
std::string readable(const std::string& iso) {
    constexpr std::size_t kMinutes = sizeof "2026-11-21T14:08" - 1;
    return iso.size() > kMinutes && iso[10] == 'T' ? iso.substr(0, 10) + " " + iso.substr(11, 5) + " UTC"
                                                   : iso;
}

std::string command_text(const std::vector<std::string>& arguments) {
    return fmt::format("{}", fmt::join(arguments, " "));
}

// Returns "; prepared by: make clean".
std::string steps_text(const compare::Configuration& configuration) {
    std::string text;
    for (const auto& [what, line] :
         {std::pair("set up", &configuration.setup), std::pair("prepared", &configuration.prepare),
          std::pair("served", &configuration.server), std::pair("cleaned up", &configuration.cleanup)}) {
        text += line->empty() ? "" : fmt::format("; {} by: {}", what, *line);
    }
    return text;
}

class Reading {
  public:
    Reading(const StoredComparison& stored, const std::string& path)
        : stored_(stored), path_(path), result_(compare::evaluate(stored.experiment)) {
        for (std::size_t contender = 0; contender < plan().contenders.size(); ++contender) {
            if (!plan().contenders[contender].is_control) {
                contenders_.push_back(contender);
            }
        }
    }

    Findings findings() const {
        Findings findings;
        findings.complete = stored_.experiment.complete;
        findings.processors = stored_.provenance.machine.usable_processors;
        findings.remarks = stored_.experiment.remarks;
        add_subjects(findings);
        give_slots(findings.subjects);
        add_settings(findings);
        name(findings);
        for (const Metric metric : compare::kMetrics) {
            add_sheet(metric, findings);
        }
        add_speed(findings);
        add_verdict(findings);
        add_provenance(findings);
        findings.failures = failures(stored_.experiment);
        add_samples(findings);
        add_curves(findings);
        return findings;
    }

  private:
    const compare::Plan& plan() const { return stored_.experiment.plan; }

    void add_subjects(Findings& findings) const {
        for (const std::size_t contender : contenders_) {
            const allocators::Identity& identity = stored_.provenance.identities[contender];
            findings.subjects.push_back({.name = plan().contenders[contender].allocator.name,
                                         .slot = 0,
                                         .library = identity.library,
                                         .package = identity.package,
                                         .sha256 = identity.sha256});
        }
    }

    void add_settings(Findings& findings) const {
        for (const compare::Configuration& configuration : plan().configurations) {
            Setting setting;
            setting.name = configuration.name;
            setting.group = configuration.group;
            read_axes(setting);
            // The name of a single user command is a shortened text. A report has room for all of it.
            if (plan().configurations.size() == 1 && setting.name.ends_with("...") &&
                configuration.prints == compare::Prints::kAnything) {
                setting.name = command_text(configuration.command);
                setting.group = setting.name;
            }
            setting.threads = configuration.threads;
            setting.oversubscribed = configuration.threads > findings.processors;
            setting.command = command_text(configuration.command) + steps_text(configuration);
            setting.parameters = configuration.parameters;
            findings.settings.push_back(std::move(setting));
        }
    }

    void name(Findings& findings) const {
        std::vector<std::string> groups;
        for (const Setting& setting : findings.settings) {
            if (std::find(groups.begin(), groups.end(), setting.group) == groups.end()) {
                groups.push_back(setting.group);
            }
        }
        std::vector<std::string> names;
        for (const Subject& subject : findings.subjects) {
            names.push_back(subject.name);
        }
        findings.name = fmt::format("{} under {}", fmt::join(groups, ", "), fmt::join(names, ", "));
        findings.stand = fmt::format("{}, {}, {} rounds", readable(stored_.provenance.started),
                                     stored_.provenance.machine.processor, plan().rounds);
    }

    Entry entry(std::size_t configuration, std::size_t contender, Metric metric) const {
        const compare::Cell& cell = result_.rows[configuration].cells[contender];
        const auto& found = cell.of(metric);
        Entry entry;
        entry.failures = cell.failures;
        if (!found) {
            return entry;
        }
        entry.value = Estimate{.median = found->median, .interval = found->interval};
        compare::Rounds rounds = compare::rounds_of(stored_.experiment, configuration, contender, metric);
        entry.values = std::move(rounds.values);
        entry.ratios = std::move(rounds.ratios);
        if (found->to_system) {
            entry.ratio = estimate_of(*found->to_system);
            entry.standing = compare::standing(*found->to_system, metric);
        }
        return entry;
    }

    bool any_has(Metric metric) const {
        return std::any_of(result_.rows.begin(), result_.rows.end(),
                           [&](const compare::Row& row) { return compare::has(row, metric); });
    }

    // A program's own figure is titled with its given name: "requests, in 1/s".
    std::pair<std::string, std::string> title_and_unit(Metric metric) const {
        const compare::MetricFacts& facts = compare::facts(metric);
        if (metric == Metric::kPeakRss && any_has(Metric::kPeakRssOfAll)) {
            return {std::string(facts.words) + " of the largest process", facts.unit};
        }
        constexpr std::string_view kIn = ", in ";
        for (const compare::Configuration& each : plan().configurations) {
            if (is_own(metric) && each.own_figure && !each.own_figure->words.empty()) {
                const std::string& words = each.own_figure->words;
                const auto in = words.rfind(kIn);
                return in == std::string::npos
                           ? std::pair{words, std::string()}
                           : std::pair{words.substr(0, in), words.substr(in + kIn.size())};
            }
        }
        return {facts.words, facts.unit};
    }

    void add_sheet(Metric metric, Findings& findings) const {
        const compare::MetricFacts& facts = compare::facts(metric);
        const auto [title, unit] = title_and_unit(metric);
        Sheet sheet{.key = facts.key,
                    .title = title,
                    .short_title = is_own(metric) ? title : short_title(metric),
                    .unit = unit,
                    .scale = facts.scale,
                    .decimals = facts.decimals,
                    .more_is_better = facts.more_is_better,
                    .is_speed = is_speed(metric),
                    .is_memory = metric == Metric::kPeakRss || metric == Metric::kPeakRssOfAll ||
                                 metric == Metric::kRssPerLive,
                    .is_central = std::find(kSecondary.begin(), kSecondary.end(), metric) == kSecondary.end(),
                    .lines = {}};
        for (std::size_t configuration = 0; configuration < result_.rows.size(); ++configuration) {
            const compare::Row& row = result_.rows[configuration];
            // Peak RSS has a line for each configuration, so that one whose runs all failed is shown.
            if ((!compare::has(row, metric) && metric != Metric::kPeakRss) ||
                is_implied(plan().configurations[configuration], metric)) {
                continue;
            }
            Line line{.setting = configuration, .entries = {}, .control = std::nullopt};
            if (const auto& control = row.control_of(metric)) {
                line.control = estimate_of(*control);
                line.noisy = compare::is_noisy(control);
            }
            for (const std::size_t contender : contenders_) {
                line.entries.push_back(entry(configuration, contender, metric));
            }
            sheet.lines.push_back(std::move(line));
        }
        if (!sheet.lines.empty()) {
            findings.sheets.insert(is_own(metric) ? findings.sheets.begin() : findings.sheets.end(),
                                   std::move(sheet));
        }
    }

    // Uses the rule of `compare` and `bench`.
    void add_speed(Findings& findings) const {
        for (std::size_t configuration = 0; configuration < result_.rows.size(); ++configuration) {
            std::vector<Speed> speeds;
            for (const std::size_t contender : contenders_) {
                const auto found = compare::speed_of(stored_.experiment, result_, configuration, contender);
                speeds.push_back(found ? Speed{.standing = found->standing,
                                               .ratio = found->gain,
                                               .interval = found->standing == Standing::kUnknown
                                                               ? kUnbounded
                                                               : found->interval}
                                       : Speed{});
            }
            findings.speed.push_back(std::move(speeds));
        }
    }

    void add_verdict(Findings& findings) const {
        if (result_.rows.size() > 1) {
            add_tallies(findings);
            add_choices(findings);
            return;
        }
        const Verdict verdict = verdict_on(stored_.experiment, result_, 0);
        findings.verdict = sentences(verdict);
        if (!verdict.unseen.empty()) {
            findings.verdict.emplace_back("Limit", verdict.unseen);
        }
        for (const AllocatorVerdict& on : verdict.allocators) {
            const auto subject = std::find(contenders_.begin(), contenders_.end(), on.contender);
            findings.judged.push_back({.subject = static_cast<std::size_t>(subject - contenders_.begin()),
                                       .speed = on.speed,
                                       .memory = on.memory,
                                       .speed_words = on.speed_words,
                                       .memory_words = on.memory_words});
        }
    }

    // Adds a choice of allocator for each of a user's commands.
    void add_choices(Findings& findings) const {
        for (std::size_t place = 0; place < result_.rows.size() && plan().one_after_another; ++place) {
            findings.verdict.emplace_back(plan().configurations[place].name,
                                          verdict_on(stored_.experiment, result_, place).choice);
        }
    }

    void add_provenance(Findings& findings) const {
        const Provenance& provenance = stored_.provenance;
        const machine::Facts& machine = provenance.machine;
        findings.provenance = {
            {"processor", machine.processor},
            {"usable processors", std::to_string(machine.usable_processors)},
            {"memory", fmt::format("{:.1f} GiB", static_cast<double>(machine.memory_kib) / (1024 * 1024))},
            {"kernel", machine.kernel},
            {"transparent huge pages", machine.transparent_huge_pages},
            {"C library", machine.c_library},
            {"system", machine.system_name},
            {"load at the start", machine.load},
            {"started", provenance.started},
            {"command", command_text(provenance.command_line)},
            {"version of ashlar", provenance.version},
            {"rounds", std::to_string(plan().rounds)},
            {"heaps aged by", fmt::format("{} MiB", plan().precondition_mib)},
            {"seed of the order", std::to_string(plan().seed)},
            {"seed of the workload", std::to_string(provenance.workload_seed)},
        };
    }

    // The samples have names in place of the numbers of configuration and contender.
    void add_samples(Findings& findings) const {
        findings.columns = {"result", "configuration", "group",   "threads",
                            "size",   "allocator",     "control", "failure"};
        const compare::Sample none;
        const auto add_column = [&](std::string_view field, const auto&) {
            if (field != "configuration" && field != "contender") {
                findings.columns.emplace_back(field);
            }
        };
        visit_sample(none, add_column);
        visit_figures(none.figures, add_column);
        for (const compare::Sample& sample : stored_.experiment.samples) {
            const Setting& setting = findings.settings[sample.configuration];
            const compare::Contender& contender = plan().contenders[sample.contender];
            std::vector<std::string> cells{path_,
                                           setting.name,
                                           setting.group,
                                           std::to_string(setting.threads),
                                           setting.size_words,
                                           contender.allocator.name,
                                           contender.is_control ? "1" : "0",
                                           sample.failure};
            visit_sample(sample, [&](std::string_view field, const auto& value) {
                if (field != "configuration" && field != "contender") {
                    cells.push_back(fmt::format("{}", value));
                }
            });
            visit_figures(sample.figures, [&](std::string_view, const std::optional<double>& value) {
                cells.push_back(value ? fmt::format("{}", *value) : "");
            });
            findings.samples.push_back({std::move(cells)});
        }
    }

    // Adds, for each allocator in each configuration, the curve of the run with the median peak.
    void add_curves(Findings& findings) const {
        std::map<std::pair<std::size_t, std::size_t>, std::vector<const compare::Sample*>> watched;
        for (const compare::Sample& sample : stored_.experiment.samples) {
            const auto subject = std::find(contenders_.begin(), contenders_.end(), sample.contender);
            if (sample.counts() && !sample.run.rss_over_time.empty() && subject != contenders_.end()) {
                watched[{sample.configuration, static_cast<std::size_t>(subject - contenders_.begin())}]
                    .push_back(&sample);
            }
        }
        for (auto& [place, samples] : watched) {
            std::stable_sort(samples.begin(), samples.end(), [](const auto* one, const auto* other) {
                return one->run.usage.peak_rss_kib < other->run.usage.peak_rss_kib;
            });
            const compare::Sample& middle = *samples[samples.size() / 2];
            Curve curve{.setting = place.first, .subject = place.second, .round = middle.round, .points = {}};
            for (const measure::RssPoint& point : middle.run.rss_over_time) {
                curve.points.emplace_back(point.seconds, static_cast<double>(point.kib));
            }
            findings.curves.push_back(std::move(curve));
        }
    }

    const StoredComparison& stored_;
    const std::string& path_;
    compare::Result result_;
    std::vector<std::size_t> contenders_; // all contenders but the control
};

} // namespace

Findings comparison_findings(const StoredComparison& stored, const std::string& path) {
    return Reading(stored, path).findings();
}

} // namespace ashlar::report
