// SPDX-License-Identifier: MIT
#include "report/lock_text.h"

#include "compare/lock_runs.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ashlar::report {

namespace {

using compare::Experiment;
using compare::LockRow;

constexpr const char* kLegend =
    "Medians of the rounds, but longest and errors, which are of all rounds. acquire: mean time to acquire a "
    "lock;\n"
    "longest: the longest time; contentions: waits above 1 ms; RSS: peak of the process.\n";
constexpr const char* kProfiled =
    "profiled: throughput in percent of the same allocator's without profiling.\n";

bool any_profiled(const Experiment& experiment) {
    const auto& contenders = experiment.plan.contenders;
    return std::any_of(contenders.begin(), contenders.end(),
                       [](const compare::Contender& each) { return !each.allocator.companion.empty(); });
}

std::string legend(const Experiment& experiment) {
    return std::string(kLegend) + (any_profiled(experiment) ? kProfiled : "");
}

std::vector<std::string> columns(const Experiment& experiment) {
    std::vector<std::string> names{"s",           "operations", "op/s",   "acquire, µs", "longest, ms",
                                   "contentions", "time-outs",  "errors", "RSS, MiB"};
    if (any_profiled(experiment)) {
        names.emplace_back("profiled");
    }
    return names;
}

// Returns the number with three significant digits.
std::string three_digits(double value) {
    const int decimals = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
    return fmt::format("{:.{}f}", value, decimals);
}

std::vector<std::string> figures(const Experiment& experiment, std::size_t configuration,
                                 std::size_t contender) {
    const LockRow row = compare::lock_row(experiment, configuration, contender);
    if (row.runs == 0) {
        return {"failed"};
    }
    const auto kept = compare::throughput_kept(experiment, configuration, contender);
    std::vector<std::string> values{three_digits(row.seconds),
                                    fmt::format("{:.0f}", row.operations),
                                    three_digits(row.throughput),
                                    three_digits(row.mean_wait_us),
                                    three_digits(row.longest_wait_us / 1000),
                                    fmt::format("{:.0f}", row.contentions),
                                    fmt::format("{:.0f}", row.time_outs),
                                    fmt::format("{:.0f}", row.errors),
                                    three_digits(row.peak_rss_kib / 1024)};
    if (kept) {
        values.push_back(fmt::format("{:.0f} %", *kept * 100));
    }
    return values;
}

// Calls add(allocator, figures) for each line of the table. Skips the control, System's second part.
template <typename Add>
void for_each_line(const Experiment& experiment, std::size_t configuration, const Add& add) {
    for (std::size_t contender = 0; contender < experiment.plan.contenders.size(); ++contender) {
        if (!experiment.plan.contenders[contender].is_control) {
            add(experiment.plan.contenders[contender].allocator.name,
                figures(experiment, configuration, contender));
        }
    }
}

std::string list_of_flags(const Experiment& experiment) {
    const auto flags = compare::lock_red_flags(experiment);
    std::string text = flags.empty() ? "No red flags.\n" : "Red flags:\n";
    for (const std::string& flag : flags) {
        text += "- " + flag + "\n";
    }
    return text;
}

} // namespace

std::string lock_text(const Experiment& experiment, const TextSettings& settings) {
    std::vector<std::string> header = columns(experiment);
    header.insert(header.begin(), "");
    TextTable table(header);
    for (std::size_t index = 0; index < experiment.plan.configurations.size(); ++index) {
        if (index != 0) {
            table.add_rule();
        }
        table.add({{experiment.plan.configurations[index].name}});
        for_each_line(experiment, index,
                      [&](const std::string& name, const std::vector<std::string>& values) {
                          std::vector<TextCell> row{{"  " + name}};
                          for (const std::string& value : values) {
                              row.push_back({value});
                          }
                          table.add(std::move(row));
                      });
    }
    std::string text = table.render(settings.colour, settings.columns) + "\n" + legend(experiment) + "\n";
    for (const std::string& remark : experiment.remarks) {
        text += remark + "\n";
    }
    return text + list_of_flags(experiment);
}

std::string lock_markdown(const Experiment& experiment) {
    const std::vector<std::string> names = columns(experiment);
    std::string text =
        fmt::format("| configuration | allocator | {} |\n| --- | --- |", fmt::join(names, " | "));
    for (std::size_t column = 0; column < names.size(); ++column) {
        text += " ---: |";
    }
    text += "\n";
    for (std::size_t index = 0; index < experiment.plan.configurations.size(); ++index) {
        for_each_line(experiment, index,
                      [&](const std::string& name, const std::vector<std::string>& values) {
                          text += fmt::format("| {} | {} | {} |", experiment.plan.configurations[index].name,
                                              name, fmt::join(values, " | "));
                          for (std::size_t missing = values.size(); missing < names.size(); ++missing) {
                              text += " |";
                          }
                          text += "\n";
                      });
    }
    return text + "\n" + legend(experiment) + "\n" + list_of_flags(experiment);
}

} // namespace ashlar::report
