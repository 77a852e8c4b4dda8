// SPDX-License-Identifier: MIT
#include "report/page/alarm_history.h"

#include "report/chart/forest.h"
#include "report/chart/lines.h"
#include "report/chart/markup.h"
#include "report/page/style.h"

#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <map>
#include <set>

namespace ashlar::report::page {

namespace {

using alarm::History;
using alarm::PastReference;
using chart::escaped;

constexpr std::size_t kShortCommit = 10;

std::set<std::string> benchmarks(const History& history) {
    std::set<std::string> names;
    for (const PastReference& each : history.references) {
        for (const auto& [name, value] : each.instructions) {
            names.insert(name);
        }
    }
    return names;
}

chart::Lines picture(const History& history, const std::string& benchmark) {
    chart::Lines lines{.name = benchmark,
                       .x_title = "reference",
                       .y_title = "instructions an operation",
                       .x_marks = {},
                       .lines = {{.name = benchmark, .slot = 1, .points = {}}},
                       .shaded_from = std::nullopt,
                       .shaded_words = {}};
    constexpr double kUnknown = std::numeric_limits<double>::infinity();
    for (std::size_t place = 0; place < history.references.size(); ++place) {
        const PastReference& each = history.references[place];
        const auto x = static_cast<double>(place);
        lines.x_marks.push_back({.at = x, .words = each.commit.substr(0, kShortCommit)});
        if (const auto found = each.instructions.find(benchmark); found != each.instructions.end()) {
            lines.lines.front().points.push_back(
                {.x = x,
                 .y = found->second,
                 .interval = {-kUnknown, kUnknown},
                 .description = fmt::format("{}: {:.1f} ({})", each.commit.substr(0, kShortCommit),
                                            found->second, each.reason),
                 .rounds = {}});
        }
    }
    return lines;
}

// Returns "pairs-16 −3.1 %, batches +2.0 %" after a word for all changes.
std::string changes(const PastReference& before, const PastReference& now) {
    constexpr double kLeast = 0.01;
    std::string text;
    bool better = false;
    bool worse = false;
    for (const auto& [name, value] : now.instructions) {
        const auto was = before.instructions.find(name);
        if (was == before.instructions.end() || std::abs(value / was->second - 1) <= kLeast) {
            continue;
        }
        (value < was->second ? better : worse) = true;
        text +=
            fmt::format("{}{} {:+.1f} %", text.empty() ? "" : ", ", name, 100 * (value / was->second - 1));
    }
    const char* const word = better && worse ? "mixed: " : better ? "improved: " : worse ? "regressed: " : "";
    return text.empty() ? "no count moved by more than 1 %" : word + text;
}

// Shows the usual spread of each figure. A larger change is significant.
std::string spreads(const History& history) {
    std::string rows;
    for (const auto& [processor, figures] : history.noise) {
        const std::map<std::string, double> usual = history.spreads(processor);
        for (const auto& [figure, runs] : figures) {
            if (const auto found = usual.find(figure); found != usual.end()) {
                rows +=
                    fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{:.1f} %</td></tr>\n",
                                escaped(figure), escaped(processor), runs.size(), 100 * found->second);
            }
        }
    }
    return rows.empty()
               ? ""
               : R"(<div class="scroll" tabindex="0"><table><caption>What each figure varies by</caption><thead>)"
                 "<tr><th scope=\"col\">figure</th><th scope=\"col\">processor</th>"
                 "<th scope=\"col\">runs</th><th scope=\"col\">a larger change is significant</th></tr>"
                 "</thead><tbody>\n" +
                     rows + "</tbody></table></div>\n";
}

} // namespace

std::string alarm_history(const History& history) {
    std::string body = "<h1>History of the alarm's references</h1>\n";
    body +=
        R"(<div class="scroll" tabindex="0"><table><caption>References, the latest first</caption><thead><tr>)"
        "<th scope=\"col\">commit</th><th scope=\"col\">date</th><th scope=\"col\">reason</th>"
        "<th scope=\"col\">changes</th></tr></thead><tbody>\n";
    for (std::size_t place = history.references.size(); place > 0; --place) {
        const PastReference& each = history.references[place - 1];
        body += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                            escaped(each.commit.substr(0, kShortCommit)), escaped(each.date),
                            escaped(each.reason),
                            place > 1 ? escaped(changes(history.references[place - 2], each)) : "the first");
    }
    body += "</tbody></table></div>\n" + spreads(history);
    for (const std::string& name : benchmarks(history)) {
        body += fmt::format("<h2>{}</h2>\n", escaped(name));
        const chart::Lines lines = picture(history, name);
        body += lines_svg(lines, chart::Room::kWide) + lines_svg(lines, chart::Room::kNarrow) + "\n";
    }
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "style-src 'unsafe-inline'\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<title>History of the alarm</title><style>{}</style></head><body><main>\n{}</main></body></html>\n",
        kStyle, body);
}

} // namespace ashlar::report::page
