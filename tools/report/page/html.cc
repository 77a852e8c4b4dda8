// SPDX-License-Identifier: MIT
#include "report/page/html.h"

#include "report/chart/markup.h"
#include "report/chart/multiples.h"
#include "report/chart/svg.h"
#include "report/figures.h"
#include "report/page/pictures.h"
#include "report/page/style.h"
#include "report/page/tables.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace ashlar::report::page {

namespace {

using chart::escaped;
using chart::Room;

const char* class_of(Standing standing) {
    switch (standing) {
    case Standing::kBetter:
        return "good";
    case Standing::kWorse:
        return "bad";
    case Standing::kAlike:
    case Standing::kUnknown:
        break;
    }
    return "";
}

Cell entry_cell(const Sheet& sheet, const Entry& entry) {
    if (!entry.value) {
        return {entry.failures > 0 ? "failed" : "–", entry.failures > 0 ? "bad" : ""};
    }
    std::string text = value_text(sheet, entry.value->median);
    if (entry.failures > 0) {
        text += fmt::format(" ({} failed)", entry.failures);
    }
    if (entry.ratio) {
        text += ", " + estimate_text(*entry.ratio);
        if (entry.standing == Standing::kBetter || entry.standing == Standing::kWorse) {
            text += ", " + standing_words(sheet, entry.standing);
        }
    }
    return {std::move(text), class_of(entry.standing)};
}

std::string all_values(const Sheet& sheet, const Entry& entry) {
    std::string text;
    for (const double value : entry.values) {
        text += (text.empty() ? "" : " ") + value_text(sheet, value);
    }
    return text.empty() ? "–" : text;
}

class Page {
  public:
    Page(const Findings& findings, const Changes* changes) : findings_(findings), changes_(changes) {}

    std::string render() {
        if (changes_ != nullptr) {
            add_changes();
        }
        add_verdict();
        add_warnings();
        add_summary();
        add_scatter();
        for (const Sheet& sheet : findings_.sheets) {
            if (sheet.is_central) {
                add_sheet(sheet);
            }
        }
        const auto add_figures = [this](const chart::Lines& lines) { add_lines_chart(lines); };
        add_section_of_charts("threads", "By number of threads", by_threads(findings_), add_figures);
        add_section_of_charts("sizes", "By size", by_size(findings_), add_figures);
        add_section_of_charts("parameters", "By parameter", by_parameter(findings_), add_figures);
        add_section_of_charts("rss", "RSS over time", rss_over_time(findings_),
                              [this](const chart::Lines& lines) { add_curves_chart(lines); });
        add_other_sheets();
        add_provenance();
        return head() + body_ + foot();
    }

  private:
    std::string head() const {
        std::string text = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                           "style-src 'unsafe-inline'; "
                           "base-uri 'none'; form-action 'none'\">\n"
                           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                           "<meta name=\"color-scheme\" content=\"light dark\">\n";
        text += fmt::format("<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n",
                            escaped(findings_.name), kStyle);
        text += "<a class=\"skip\" href=\"#content\">Skip to the content</a>\n";
        text += fmt::format("<header>\n<h1>{}</h1>\n<p>{}</p>\n</header>\n", escaped(findings_.name),
                            escaped(findings_.stand));
        text += "<nav aria-label=\"Sections\">\n<ul>\n";
        for (const auto& [id, title] : sections_) {
            text += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", id, escaped(title));
        }
        text += "</ul>\n<label class=\"rounds\"><input type=\"checkbox\" id=\"rounds\"> Show every "
                "round</label>\n</nav>\n";
        return text + "<main id=\"content\">\n";
    }

    static std::string foot() {
        return fmt::format("</main>\n<footer><p>Written by <code>ashlar report</code> {}. This file needs no "
                           "network and holds "
                           "no script.</p></footer>\n</body>\n</html>\n",
                           ASHLAR_VERSION);
    }

    void open_section(const std::string& id, const std::string& title, const std::string& short_title = {}) {
        sections_.emplace_back(id, short_title.empty() ? title : short_title);
        body_ +=
            fmt::format("<section id=\"{0}\" aria-labelledby=\"{0}-title\">\n<h2 id=\"{0}-title\">{1}</h2>\n",
                        id, escaped(title));
    }
    void close_section() { body_ += "</section>\n"; }
    void add_paragraph(const std::string& text) { body_ += "<p>" + escaped(text) + "</p>\n"; }

    const std::string& reference() const { return findings_.subjects.front().name; }

    std::vector<std::string> header() const {
        std::vector<std::string> names{""};
        for (const Subject& subject : findings_.subjects) {
            names.push_back(subject.name);
        }
        return names;
    }

    // Returns the allocators with the shape and colour of their marks.
    std::string legend(bool with_reference) const {
        std::string text = "<ul class=\"legend\" aria-label=\"Marks\">\n";
        for (std::size_t subject = with_reference ? 0 : 1; subject < findings_.subjects.size(); ++subject) {
            text += fmt::format("<li><svg width=\"16\" height=\"16\" viewBox=\"0 0 16 16\" "
                                "aria-hidden=\"true\">{}</svg> {}</li>\n",
                                chart::mark_alone(findings_.subjects[subject].slot),
                                escaped(findings_.subjects[subject].name));
        }
        return text + "</ul>\n";
    }

    void add_chart(const std::string& caption, const std::string& wide, const std::string& narrow,
                   bool with_reference) {
        const std::string target = fmt::format("chart-{}", ++charts_);
        body_ += fmt::format("<figure>\n<figcaption>{}</figcaption>\n{}<a class=\"skip\" href=\"#{}\">Skip "
                             "this chart</a>\n{}{}</figure>\n<div id=\"{}\"></div>\n",
                             escaped(caption), legend(with_reference), target, wide, narrow, target);
    }

    void add_warnings() {
        if (!findings_.complete) {
            body_ += "<p class=\"warning\" role=\"note\">The measurement was interrupted: this is what there "
                     "is.</p>\n";
        }
        if (findings_.failures.empty()) {
            return;
        }
        open_section("failures", "Runs that failed");
        add_paragraph("They are in no figure.");
        const std::string all = list(findings_.failures);
        constexpr std::size_t kShown = 12;
        body_ += findings_.failures.size() <= kShown
                     ? all
                     : folded(fmt::format("All {}", findings_.failures.size()), all);
        close_section();
    }

    void add_changes() {
        open_section("changes", "What changed");
        add_paragraph(fmt::format("Ratios to {} after, over those before: {} better, {} worse, {} without a "
                                  "measurable difference, of {} compared. Where "
                                  "nothing has changed, about one in twenty seems to.",
                                  reference(), changes_->count(Standing::kBetter),
                                  changes_->count(Standing::kWorse), changes_->count(Standing::kAlike),
                                  changes_->all()));
        if (!changes_->conditions.empty()) {
            body_ += "<p>Conditions that differ, so that they may be the cause:</p>\n" +
                     list(changes_->conditions);
        }
        if (!changes_->unmatched.empty()) {
            body_ += "<p>Not compared:</p>\n" + list(changes_->unmatched);
        }
        for (const ChangedSheet& sheet : changes_->sheets) {
            if (sheet.sheet->is_central) {
                add_changed_sheet(sheet);
            } else {
                const std::string outside = std::exchange(body_, {});
                add_changed_sheet(sheet);
                body_ = outside + folded(sheet.sheet->title, body_);
            }
        }
        close_section();
    }

    void add_changed_sheet(const ChangedSheet& sheet) {
        body_ += "<h3>" + escaped(heading_of(*sheet.sheet)) + "</h3>\n";
        const chart::Forest forest = change_forest(findings_, sheet);
        add_chart("After over before, of the ratio to " + reference(), forest_svg(forest, Room::kWide),
                  forest_svg(forest, Room::kNarrow), false);
        Table table(sheet.sheet->title + ": before and after",
                    {"", "allocator", "before", "after", "after over before", "p", "verdict"});
        for (const Change& change : sheet.changes) {
            table.add(change.setting,
                      {{findings_.subjects[change.subject].name},
                       {ratio_text(change.before.median)},
                       {ratio_text(change.after.median)},
                       {estimate_text(change.change)},
                       {fmt::format("{:.3f}", change.p)},
                       {standing_words(*sheet.sheet, change.standing), class_of(change.standing)}});
        }
        body_ += folded("Figures", table.finish());
    }

    void add_verdict() {
        if (findings_.verdict.empty()) {
            return;
        }
        open_section("verdict", changes_ != nullptr ? "Verdict, after" : "Verdict");
        body_ += "<dl class=\"verdict\">\n";
        for (const auto& [label, sentence] : findings_.verdict) {
            body_ += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escaped(label), escaped(sentence));
        }
        body_ += "</dl>\n";
        if (!findings_.judged.empty()) {
            Table table("Each allocator against " + reference(), {"", "speed", "memory"});
            for (const Judged& judged : findings_.judged) {
                table.add(findings_.subjects[judged.subject].name,
                          {{judged.speed_words, class_of(judged.speed)},
                           {judged.memory_words, class_of(judged.memory)}});
            }
            body_ += table.finish();
        }
        close_section();
    }

    void add_summary() {
        open_section("summary", changes_ != nullptr ? "In short, after" : "In short");
        add_paragraph(kRule);
        Table table(
            fmt::format("In how many configurations each is faster than {0} or slower, in how many it "
                        "needs less memory or more, and geometric means of its ratios to {0}",
                        reference()),
            {"", "faster", "slower", "alike", "speed", "less memory", "more", "alike", "peak RSS"});
        for (std::size_t subject = 1; subject < findings_.subjects.size(); ++subject) {
            const Tally by_speed = speed_tally(findings_, subject);
            const Tally by_memory = memory_tally(findings_, subject);
            const auto speed = mean_speed(findings_, subject);
            const auto memory = mean_memory(findings_, subject);
            table.add(findings_.subjects[subject].name,
                      {{std::to_string(by_speed.better), by_speed.better > 0 ? "good" : ""},
                       {std::to_string(by_speed.worse), by_speed.worse > 0 ? "bad" : ""},
                       {std::to_string(by_speed.alike)},
                       {speed ? ratio_text(*speed) : "–"},
                       {std::to_string(by_memory.better), by_memory.better > 0 ? "good" : ""},
                       {std::to_string(by_memory.worse), by_memory.worse > 0 ? "bad" : ""},
                       {std::to_string(by_memory.alike)},
                       {memory ? ratio_text(*memory) : "–"}});
        }
        body_ += table.finish();
        if (!findings_.remarks.empty()) {
            body_ += list(findings_.remarks);
        }
        close_section();
    }

    void add_scatter() {
        const chart::Scatter scatter = speed_against_memory(findings_);
        if (scatter.marks.empty()) {
            return;
        }
        open_section("speed-memory", "Speed against memory");
        add_chart("Geometric means of the ratios to " + reference() +
                      ", with their 95 % intervals; with every round shown, those of each configuration",
                  scatter_svg(scatter, Room::kWide), scatter_svg(scatter, Room::kNarrow), true);
        Table table("Speed against memory", {"", "speed", "peak RSS"});
        for (const chart::ScatterMark& mark : scatter.marks) {
            table.add(mark.name, {{ratio_text(mark.x)}, {ratio_text(mark.y)}});
        }
        body_ += folded("Figures", table.finish());
        close_section();
    }

    void add_sheet(const Sheet& sheet) {
        open_section(sheet_id(sheet), sheet.title, sheet.short_title);
        add_sheet_content(sheet);
        close_section();
    }

    // Numbers the sheets. Keys are from files and may be no valid HTML names.
    std::string sheet_id(const Sheet& sheet) const {
        return fmt::format("sheet-{}", &sheet - findings_.sheets.data());
    }

    void add_sheet_content(const Sheet& sheet) {
        const chart::Forest forest = ratios(findings_, sheet);
        if (!forest.rows.empty()) {
            const char* const band =
                findings_.paired ? " The band is A/A, the reference against itself: noise." : "";
            add_chart(fmt::format("Ratio to {} with its 95 % interval; {}.{}", reference(),
                                  sheet.more_is_better ? "more is better" : "less is better", band),
                      forest_svg(forest, Room::kWide), forest_svg(forest, Room::kNarrow), false);
        }
        body_ += folded("Figures", figures_table(sheet));
        body_ += folded("Every round", rounds_table(sheet));
    }

    std::string figures_table(const Sheet& sheet) const {
        std::vector<std::string> names = header();
        if (findings_.paired) {
            names.emplace_back("A/A");
        }
        Table table(heading_of(sheet) + ": median, ratio and its interval", names);
        for (const Line& line : sheet.lines) {
            const std::string notes = notes_of(findings_, line);
            std::vector<Cell> cells;
            for (const Entry& entry : line.entries) {
                cells.push_back(entry_cell(sheet, entry));
            }
            if (findings_.paired) {
                cells.push_back({line.control ? estimate_text(*line.control) : "–"});
            }
            table.add(findings_.settings[line.setting].name + (notes.empty() ? "" : " (" + notes + ")"),
                      cells);
        }
        return table.finish();
    }

    std::string rounds_table(const Sheet& sheet) const {
        Table table(heading_of(sheet) + ": every round in its order", header());
        for (const Line& line : sheet.lines) {
            std::vector<Cell> cells;
            for (const Entry& entry : line.entries) {
                cells.push_back({all_values(sheet, entry), "rounds"});
            }
            table.add(findings_.settings[line.setting].name, cells);
        }
        return table.finish();
    }

    // Shows the first charts and folds the rest: a suite may have a chart for each of many sizes.
    template <class Pictures, class Add>
    void add_section_of_charts(const std::string& id, const std::string& title, const Pictures& pictures,
                               Add add) {
        if (pictures.empty()) {
            return;
        }
        open_section(id, title);
        constexpr std::size_t kShown = 8;
        std::string shown;
        for (std::size_t place = 0; place < pictures.size(); ++place) {
            if (place == kShown) {
                shown = std::exchange(body_, {});
            }
            add(pictures[place]);
        }
        if (pictures.size() > kShown) {
            body_ = shown + folded(fmt::format("{} more", pictures.size() - kShown), body_);
        }
        close_section();
    }

    void add_lines_chart(const chart::Lines& lines) {
        body_ += "<h3>" + escaped(lines.name) + "</h3>\n";
        add_chart("Medians with their 95 % intervals", lines_svg(lines, Room::kWide),
                  lines_svg(lines, Room::kNarrow), true);
        std::vector<std::string> names{""};
        for (const chart::Mark& mark : lines.x_marks) {
            names.push_back(mark.words);
        }
        Table table(lines.name + ": " + lines.y_title + ", by " + lines.x_title, names);
        for (const chart::Line& line : lines.lines) {
            std::vector<Cell> cells(lines.x_marks.size(), Cell{"–"});
            for (const chart::LinePoint& point : line.points) {
                cells[static_cast<std::size_t>(point.x)].text = fmt::format("{:.4g}", point.y);
            }
            table.add(line.name, cells);
        }
        body_ += folded("Figures", table.finish());
    }

    void add_curves_chart(const chart::Lines& lines) {
        body_ += "<h3>" + escaped(lines.name) + "</h3>\n";
        add_chart(
            fmt::format("Of each allocator the run whose peak is the median of its peaks; {} lies behind the "
                        "others",
                        lines.lines.front().name),
            multiples_svg(lines, Room::kWide), multiples_svg(lines, Room::kNarrow), true);
        Table table(lines.name + ": RSS", {"", "highest, MiB", "at the end, MiB", "after, seconds"});
        for (const chart::Line& line : lines.lines) {
            const auto highest =
                std::max_element(line.points.begin(), line.points.end(),
                                 [](const auto& one, const auto& other) { return one.y < other.y; });
            table.add(line.name, {{fmt::format("{:.1f}", highest->y)},
                                  {fmt::format("{:.1f}", line.points.back().y)},
                                  {fmt::format("{:.2f}", line.points.back().x)}});
        }
        body_ += folded("Figures", table.finish());
    }

    void add_other_sheets() {
        if (std::all_of(findings_.sheets.begin(), findings_.sheets.end(),
                        [](const Sheet& sheet) { return sheet.is_central; })) {
            return;
        }
        open_section("more", "More quantities");
        for (const Sheet& sheet : findings_.sheets) {
            if (!sheet.is_central) {
                const std::string outside = std::exchange(body_, {});
                add_sheet_content(sheet);
                body_ = outside + folded(heading_of(sheet), body_);
            }
        }
        close_section();
    }

    void add_provenance() {
        open_section("provenance", "Where this comes from");
        Table facts("Machine and measurement", {"", ""});
        for (const auto& [label, value] : findings_.provenance) {
            facts.add(label, {{value}});
        }
        body_ += facts.finish();
        if (!findings_.subjects.front().library.empty()) {
            Table libraries("Libraries", {"", "file", "package", "SHA-256"});
            for (const Subject& subject : findings_.subjects) {
                libraries.add(subject.name, {{subject.library}, {subject.package}, {subject.sha256, "hash"}});
            }
            body_ += libraries.finish();
        }
        Table commands("What was run", {"", "command"});
        bool any = false;
        for (const Setting& setting : findings_.settings) {
            any |= !setting.command.empty();
            commands.add(setting.name, {{setting.command, "hash"}});
        }
        body_ += any ? folded("Commands", commands.finish()) : "";
        close_section();
    }

    const Findings& findings_;
    const Changes* changes_;
    std::string body_;
    std::vector<std::pair<std::string, std::string>> sections_; // id and title
    int charts_ = 0;
};

} // namespace

std::string html(const Findings& findings, const Changes* changes) {
    return Page(findings, changes).render();
}

} // namespace ashlar::report::page
