// SPDX-License-Identifier: MIT
#include "report/summary_files.h"

#include "report/csv.h"
#include "report/markdown.h"
#include "report/ratio_text.h"
#include "statistics/summary.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace ashlar::report {

namespace {

using Json = nlohmann::ordered_json;
using compare::Experiment;
using compare::Result;

const compare::Configuration& configuration_of(const Experiment& experiment, const SummaryLine& line) {
    return experiment.plan.configurations[line.configuration];
}

const std::string& allocator_of(const Experiment& experiment, const SummaryLine& line) {
    return experiment.plan.contenders[line.contender].allocator.name;
}

// Readers of hyperfine's files identify lines by this alone.
std::string command_of(const Experiment& experiment, const SummaryLine& line) {
    return configuration_of(experiment, line).name + " under " + allocator_of(experiment, line);
}

double least(const SummaryLine& line) {
    return *std::min_element(line.times.begin(), line.times.end());
}

double most(const SummaryLine& line) {
    return *std::max_element(line.times.begin(), line.times.end());
}

std::string ratio_cell(const std::optional<compare::Ratio>& ratio) {
    return ratio ? ratio_text(ratio->median, ratio->interval) : "1.00×";
}

// Returns the median and both ends of the interval; empty texts for System.
std::vector<std::string> ratio_fields(const std::optional<compare::Ratio>& ratio) {
    if (!ratio) {
        return {"", "", ""};
    }
    const bool known = is_known(ratio->interval);
    return {fmt::format("{}", ratio->median), known ? fmt::format("{}", ratio->interval.low) : "",
            known ? fmt::format("{}", ratio->interval.high) : ""};
}

Json ratio_json(const std::optional<compare::Ratio>& ratio) {
    return ratio
               ? Json{{"median", ratio->median}, {"low", ratio->interval.low}, {"high", ratio->interval.high}}
               : Json(nullptr);
}

// Returns the parameters of all commands, in the order of their first use.
std::vector<std::string> parameter_names(const Experiment& experiment) {
    std::vector<std::string> names;
    for (const compare::Configuration& configuration : experiment.plan.configurations) {
        for (const auto& [name, value] : configuration.parameters) {
            if (std::find(names.begin(), names.end(), name) == names.end()) {
                names.push_back(name);
            }
        }
    }
    return names;
}

std::string csv_line(const std::vector<std::string>& fields) {
    std::vector<std::string> quoted;
    quoted.reserve(fields.size());
    std::transform(fields.begin(), fields.end(), std::back_inserter(quoted), csv_field);
    return fmt::format("{}\n", fmt::join(quoted, ","));
}

} // namespace

std::string summary_markdown(const Experiment& experiment, const Result& result) {
    constexpr double kMebibyte = 1024 * 1024;
    const std::vector<SummaryLine> lines = summary(experiment, result);
    const bool in_milliseconds =
        std::all_of(lines.begin(), lines.end(), [](const SummaryLine& line) { return line.mean() < 1; });
    const double scale = in_milliseconds ? 1e-3 : 1;
    const int decimals = in_milliseconds ? 1 : 3;
    const char* const unit = in_milliseconds ? "ms" : "s";
    const auto time = [&](double seconds) { return fmt::format("{:.{}f}", seconds / scale, decimals); };
    std::string text = fmt::format("| Command | Allocator | Mean [{0}] | Min [{0}] | Max [{0}] | Relative to "
                                   "{1} | Peak RSS [MiB] | Relative to {1} |\n"
                                   "|:---|:---|---:|---:|---:|---:|---:|---:|\n",
                                   unit, experiment.plan.contenders.front().allocator.name);
    for (const SummaryLine& line : lines) {
        const auto deviation = line.deviation();
        text += fmt::format("| {} | {} | {}{} | {} | {} | {} | {:.1f} | {} |\n",
                            markdown_text(configuration_of(experiment, line).name),
                            markdown_text(allocator_of(experiment, line)), time(line.mean()),
                            deviation ? " ± " + time(*deviation) : "", time(least(line)), time(most(line)),
                            ratio_cell(line.wall_to_system), line.median_rss() / kMebibyte,
                            ratio_cell(line.rss_to_system));
    }
    return text;
}

std::string summary_csv(const Experiment& experiment, const Result& result) {
    const std::vector<std::string> parameters = parameter_names(experiment);
    std::vector<std::string> header{"command",
                                    "mean",
                                    "stddev",
                                    "median",
                                    "user",
                                    "system",
                                    "min",
                                    "max",
                                    "name",
                                    "allocator",
                                    "relative",
                                    "relative_low",
                                    "relative_high",
                                    "peak_rss_bytes",
                                    "peak_rss_relative",
                                    "peak_rss_relative_low",
                                    "peak_rss_relative_high"};
    for (const std::string& name : parameters) {
        header.push_back("parameter_" + name);
    }
    std::string text = csv_line(header);
    for (const SummaryLine& line : summary(experiment, result)) {
        const auto number = [](double value) { return fmt::format("{}", value); };
        const auto deviation = line.deviation();
        const compare::Configuration& configuration = configuration_of(experiment, line);
        std::vector<std::string> fields{command_of(experiment, line),
                                        number(line.mean()),
                                        deviation ? number(*deviation) : "",
                                        number(statistics::median(line.times)),
                                        number(line.user),
                                        number(line.system),
                                        number(least(line)),
                                        number(most(line)),
                                        configuration.name,
                                        allocator_of(experiment, line)};
        for (const std::string& field : ratio_fields(line.wall_to_system)) {
            fields.push_back(field);
        }
        fields.push_back(number(line.median_rss()));
        for (const std::string& field : ratio_fields(line.rss_to_system)) {
            fields.push_back(field);
        }
        for (const std::string& name : parameters) {
            const auto found = std::find_if(configuration.parameters.begin(), configuration.parameters.end(),
                                            [&](const auto& each) { return each.first == name; });
            fields.push_back(found == configuration.parameters.end() ? "" : found->second);
        }
        text += csv_line(fields);
    }
    return text;
}

std::string summary_json(const Experiment& experiment, const Result& result) {
    Json results = Json::array();
    for (const SummaryLine& line : summary(experiment, result)) {
        const compare::Configuration& configuration = configuration_of(experiment, line);
        const auto deviation = line.deviation();
        Json json = {{"command", command_of(experiment, line)},
                     {"mean", line.mean()},
                     {"stddev", deviation ? Json(*deviation) : Json(nullptr)},
                     {"median", statistics::median(line.times)},
                     {"user", line.user},
                     {"system", line.system},
                     {"min", least(line)},
                     {"max", most(line)},
                     {"times", line.times},
                     {"memory_usage_byte", line.peak_rss},
                     {"name", configuration.name},
                     {"allocator", allocator_of(experiment, line)},
                     {"relative", ratio_json(line.wall_to_system)},
                     {"peak_rss_relative", ratio_json(line.rss_to_system)}};
        for (const auto& [name, value] : configuration.parameters) {
            json["parameters"][name] = value;
        }
        results.push_back(std::move(json));
    }
    return Json{{"results", results}}.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace ashlar::report
