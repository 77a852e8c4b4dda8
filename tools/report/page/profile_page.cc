// SPDX-License-Identifier: MIT
#include "report/page/profile_page.h"

#include "report/chart/markup.h"
#include "report/chart/svg.h"
#include "report/page/lock_sections.h"
#include "report/page/memory_over_time.h"
#include "report/page/profile_data.h"
#include "report/page/profile_parts.h"
#include "report/page/style.h"
#include "report/page/tables.h"
#include "report/profile/advice.h"
#include "report/profile/quantities.h"

#include <cstring>
#include <filesystem>
#include <fmt/format.h>

namespace ashlar::report::page {

namespace {

using chart::escaped;
using namespace ashlar::profile;
using report::profile::bytes_text;
using report::profile::count_text;
using report::profile::distances_text;
using report::profile::seconds_text;

std::string program_name(const Recording& recording) {
    const std::string name = std::filesystem::path(recording.program).filename().string();
    return recording.pid == 0 ? name : fmt::format("{} ({})", name, recording.pid);
}

const Summary& main_of(const ProfileContent& content) {
    static const Summary nothing{};
    return content.summaries.empty() ? nothing : content.summaries.front();
}

class Page {
  public:
    explicit Page(const ProfileContent& content) : content_(content), main_(main_of(content)) {}

    std::string render() {
        if (!content_.summaries.empty()) {
            add_memory();
        }
        for (const PageSection& section : lock_sections(content_)) {
            open_section(section.id, section.words);
            body_ += section.html;
            close_section();
        }
        return head() + body_ + foot();
    }

  private:
    bool is_of_locks() const { return content_.summaries.empty(); }

    void add_memory() {
        add_summary();
        add_flames();
        add_function();
        add_sites();
        add_time();
        add_sizes();
        if (content_.summaries.size() > 1) {
            add_processes();
        }
    }

    std::string title() const {
        if (is_of_locks()) {
            const LockReport& report = content_.locks->front();
            return fmt::format("Locks of {} ({})", std::filesystem::path(report.program).filename().string(),
                               report.pid);
        }
        const bool has_locks = content_.locks != nullptr && !content_.locks->empty();
        const std::string what = fmt::format("{}{}",
                                             !main_.has_memory ? "CPU time"
                                             : main_.cpu       ? "Memory and CPU time"
                                                               : "Memory",
                                             has_locks ? " and locks" : "");
        return content_.before == nullptr
                   ? fmt::format("{} of {}", what, program_name(main_.recording))
                   : fmt::format("{} of {}, compared with {}", what, program_name(main_.recording),
                                 program_name(content_.before->front().recording));
    }

    std::string stand() const {
        if (is_of_locks()) {
            return fmt::format("{} recorded; counts and waits are exact, stacks and hold times are estimates",
                               seconds_text(content_.locks->front().seconds));
        }
        const std::uint64_t rate = main_.recording.rate;
        if (main_.recording.origin == Origin::kJemalloc) {
            return fmt::format("Recorded by jemalloc at one moment; a sample every {} on average, so figures "
                               "are estimates, ± an interval of 95 %",
                               bytes_text(static_cast<double>(rate)));
        }
        if (main_.recording.origin == Origin::kHeaptrack) {
            return fmt::format("{:.2f} s recorded by heaptrack: every block; heaptrack_print rounds bytes",
                               main_.seconds);
        }
        return fmt::format(
            "{} recorded; {}", seconds_text(main_.seconds),
            rate <= 1 ? main_.recording.is_complete()
                            ? "every block, so figures are exact"
                            : "not every block, as was wanted, so figures are not exact"
                      : fmt::format("a sample every {} on average, so figures are estimates, ± an interval "
                                    "of 95 %",
                                    distances_text(main_.recording)));
    }

    std::string head() const {
        std::string text = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                           "style-src 'unsafe-inline'; script-src 'nonce-ashlar'; base-uri 'none'; "
                           "form-action 'none'\">\n"
                           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                           "<meta name=\"color-scheme\" content=\"light dark\">\n";
        text += fmt::format("<title>{}</title>\n<style>\n{}{}</style>\n</head>\n<body>\n", escaped(title()),
                            kStyle, kProfileStyle);
        text += "<a class=\"skip\" href=\"#content\">Skip to the content</a>\n";
        text +=
            fmt::format("<header>\n<h1>{}</h1>\n<p>{}</p>\n</header>\n", escaped(title()), escaped(stand()));
        text += "<nav aria-label=\"Sections\">\n<ul>\n";
        for (const auto& [id, words] : sections_) {
            text += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", id, escaped(words));
        }
        return text + "</ul>\n</nav>\n<main id=\"content\">\n";
    }

    std::string foot() const {
        std::string text =
            fmt::format("</main>\n<footer><p>Written by <code>ashlar profile</code> {}. This file needs no "
                        "network.</p></footer>\n",
                        ASHLAR_VERSION);
        text +=
            "<script type=\"application/json\" id=\"profile-data\">" + profile_data(content_) + "</script>\n";
        for (const char* const script : {kFlameGraph, kFlamesScript, kProfileScript, kLocksScript}) {
            text += fmt::format("<script nonce=\"ashlar\">\n{}</script>\n", script);
        }
        return text + "</body>\n</html>\n";
    }

    void open_section(const std::string& id, const std::string& words) {
        sections_.emplace_back(id, words);
        body_ +=
            fmt::format("<section id=\"{0}\" aria-labelledby=\"{0}-title\">\n<h2 id=\"{0}-title\">{1}</h2>\n",
                        id, escaped(words));
    }
    void close_section() { body_ += "</section>\n"; }
    void add_paragraph(const std::string& text) { body_ += "<p>" + escaped(text) + "</p>\n"; }

    void add_summary() {
        open_section("summary", "In short");
        std::vector<std::string> all = report::profile::cut_short(main_);
        for (std::string& caution : report::profile::cautions(main_)) {
            all.push_back(std::move(caution));
        }
        for (const std::string& caution : all) {
            body_ += "<p class=\"warning\" role=\"note\">" + escaped(caution) + "</p>\n";
        }
        for (const std::string& sentence : report::profile::cpu_sentences(main_)) {
            add_paragraph(sentence);
        }
        for (const std::string& sentence : report::profile::cache_sentences(main_)) {
            add_paragraph("Thread caches. " + sentence);
        }
        if (main_.has_memory) {
            body_ += list(report::profile::advice(main_, content_.frames, content_.temporary_within));
        }
        body_ += table_head("Every view", {"", "bytes, or µs", "blocks, or samples"});
        for (const View view : kAllViews) {
            if (!main_.shows(view)) {
                continue;
            }
            const Amount& total = main_.at(view).total;
            if (is_of_cpu(view)) {
                body_ += table_row(fmt::format("{}: {}", name_of(view), sentence_of(view)),
                                   {report::profile::microseconds_text(total.bytes) + " µs",
                                    count_text(static_cast<double>(total.samples))});
                continue;
            }
            const std::string unit = view == View::kLifetime ? " × s" : "";
            const std::string when = view == View::kPeak && main_.recording.origin == Origin::kAshlar
                                         ? ", after " + seconds_text(main_.peak_seconds)
                                         : std::string();
            body_ += table_row(fmt::format("{}: {}{}", name_of(view), sentence_of(main_, view), when),
                               {bytes_text(total.bytes) + unit, count_text(total.blocks)});
        }
        body_ += kTableEnd;
        if (!content_.notes.empty()) {
            body_ += "<details><summary>Names that are missing</summary>\n" + list(content_.notes) +
                     "</details>\n";
        }
        close_section();
    }

    void add_flames() {
        open_section("flame-graph", "Flame graph");
        body_ += "<div class=\"controls\">\n<label>View<select id=\"view\">";
        for (const View view : kAllViews) {
            if (main_.shows(view)) {
                body_ += fmt::format(R"(<option value="{0}"{1}>{0}</option>)", name_of(view),
                                     view == content_.first ? " selected" : "");
            }
        }
        body_ += R"(</select></label>
<label>Direction<select id="direction"><option value="top-down">top-down</option><option value="bottom-up">bottom-up</option></select></label>
<label>Order<select id="order"><option value="left-heavy">left-heavy</option><option value="name">by name</option></select></label>
<label>Search<input id="flame-search" type="search" placeholder="regular expression"></label>
<button type="button" id="flame-reset">Reset</button>
</div>
<p id="view-words"></p>
<p class="details" id="flame-found" aria-live="polite"></p>
)";
        body_ += *kFlameGraph != '\0'
                     ? "<div id=\"flames\"></div>\n"
                     : "<div id=\"flames\"></div>\n<p class=\"warning\" role=\"note\">The flame graph is "
                       "missing: when this "
                       "tool was built, npm was not there or had no network. Build it where npm is, or write "
                       "--speedscope FILE and open that at www.speedscope.app.</p>\n";
        body_ += "<p class=\"details\" id=\"flame-details\"></p>\n";
        add_paragraph(
            content_.before == nullptr
                ? "A frame is as wide as the bytes, or the time, that it and what it called account for. Its "
                  "colour tells "
                  "the library. Click to go into a frame, and on the lowest one to come back."
                : "A frame is as wide as the larger of both sides. Red has grown, blue has shrunk.");
        body_ += "<noscript><p class=\"warning\">The flame graph and the tables of places need "
                 "JavaScript.</p></noscript>\n";
        close_section();
    }

    void add_function() {
        open_section("function", "Callers and callees");
        body_ += "<p id=\"function-name\"></p>\n<div class=\"two\" id=\"function-tables\" hidden>\n";
        for (const auto& [id, caption] : {std::pair{"callers", "Callers"}, {"callees", "Callees"}}) {
            body_ +=
                "<div>" + table_head(caption, {"function", "bytes", "share"}, id) + kTableEnd + "</div>\n";
        }
        body_ += "</div>\n";
        close_section();
    }

    void add_sites() {
        open_section("sites", "Places");
        body_ +=
            R"(<div class="scroll" tabindex="0" role="region" aria-label="Places"><table id="site-table"><caption>Places in the program, of the view chosen above</caption><thead><tr>)";
        std::vector<std::string> columns{"place", "bytes", "share", "blocks", "median age"};
        if (content_.before != nullptr) {
            columns.emplace_back("change");
        }
        for (const std::string& column : columns) {
            body_ += fmt::format(R"(<th scope="col"><button type="button">{}</button></th>)", column);
        }
        body_ += "</tr></thead><tbody id=\"site-rows\"></tbody></table></div>\n<p id=\"site-count\"></p>\n";
        close_section();
    }

    void add_time() {
        if (!main_.has_memory || main_.recording.samples.empty() ||
            main_.recording.origin != Origin::kAshlar) {
            return;
        }
        open_section("time", "Memory over time");
        const chart::Lines lines = memory_over_time(main_.recording);
        body_ += "<figure>\n<figcaption>Live bytes by the samples, and the heap's own ledger where it was "
                 "recorded</figcaption>\n<ul class=\"legend\" aria-label=\"Lines\">\n";
        for (const chart::Line& line : lines.lines) {
            body_ += fmt::format(
                "<li><svg width=\"16\" height=\"16\" viewBox=\"0 0 16 16\" aria-hidden=\"true\">{}</svg> "
                "{}</li>\n",
                chart::mark_alone(line.slot), escaped(line.name));
        }
        body_ += "</ul>\n" + lines_svg(lines, chart::Room::kWide) + lines_svg(lines, chart::Room::kNarrow) +
                 "</figure>\n";
        body_ += table_head("Memory over time", {"", "highest, MiB", "at the end, MiB"});
        for (const chart::Line& line : lines.lines) {
            double highest = 0;
            for (const chart::LinePoint& point : line.points) {
                highest = std::max(highest, point.y);
            }
            body_ += table_row(line.name,
                               {fmt::format("{:.2f}", highest), fmt::format("{:.2f}", line.points.back().y)});
        }
        body_ += kTableEnd;
        close_section();
    }

    void add_sizes() {
        if (!main_.has_memory || main_.sizes.empty()) {
            return;
        }
        open_section("sizes", "Sizes");
        body_ += table_head("Blocks allocated, by size", {"up to", "blocks", "bytes"});
        for (const SizeRange& range : main_.sizes) {
            body_ += table_row(bytes_text(static_cast<double>(range.largest)),
                               {count_text(range.amount.blocks), bytes_text(range.amount.bytes)});
        }
        body_ += kTableEnd;
        close_section();
    }

    void add_processes() {
        open_section("processes", "Processes");
        add_paragraph("The flame graph and the places are of all processes; what is in short, sizes and "
                      "memory over time "
                      "are of the first.");
        if (main_.shared_peak) {
            add_paragraph(
                "Peaks of processes are at different moments. The flame graph and the places of the "
                "view peak are of the moment at which all of them together held the most.");
        }
        body_ += table_head("Processes", {"", "peak", "allocated", "leaks", "seconds"});
        for (const Summary& summary : content_.summaries) {
            body_ += table_row(program_name(summary.recording),
                               {bytes_text(summary.at(View::kPeak).total.bytes),
                                bytes_text(summary.at(View::kAllocated).total.bytes),
                                bytes_text(summary.at(View::kLeaks).total.bytes),
                                fmt::format("{:.2f}", summary.seconds)});
        }
        body_ += kTableEnd;
        close_section();
    }

    const ProfileContent& content_;
    const Summary& main_;
    std::string body_;
    std::vector<std::pair<std::string, std::string>> sections_; // id and heading
};

} // namespace

std::string profile_html(const ProfileContent& content) {
    return Page(content).render();
}

} // namespace ashlar::report::page
