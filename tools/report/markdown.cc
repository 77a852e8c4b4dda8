// SPDX-License-Identifier: MIT
#include "report/markdown.h"

#include "report/figures.h"

#include <algorithm>
#include <fmt/format.h>

namespace ashlar::report {

namespace {

class Table {
  public:
    // The first column has words. The others have figures if `figures`.
    explicit Table(const std::vector<std::string>& header, bool figures = true) {
        add(header);
        for (std::size_t column = 0; column < header.size(); ++column) {
            text_ += column == 0 ? "| --- |" : figures ? " ---: |" : " --- |";
        }
        text_ += '\n';
    }

    void add(const std::vector<std::string>& cells) {
        for (const std::string& cell : cells) {
            text_ += (&cell == &cells.front() ? "| " : " ") + cell + " |";
        }
        text_ += '\n';
    }

    const std::string& text() const { return text_; }

  private:
    std::string text_;
};

// Emphasises better and worse results.
std::string weighted(const std::string& text, Standing standing) {
    switch (standing) {
    case Standing::kBetter:
        return "**" + text + "**";
    case Standing::kWorse:
        return "*" + text + "*";
    case Standing::kAlike:
    case Standing::kUnknown:
        break;
    }
    return text;
}

std::string entry_text(const Sheet& sheet, const Entry& entry) {
    if (!entry.value) {
        return entry.failures > 0 ? "failed" : "–";
    }
    const std::string value = value_text(sheet, entry.value->median) + (entry.failures > 0 ? " !" : "");
    return entry.ratio ? value + ", " + weighted(estimate_text(*entry.ratio), entry.standing) : value;
}

class Document {
  public:
    Document(const Findings& findings, const Changes* changes) : findings_(findings), changes_(changes) {}

    std::string render() {
        text_ = "# " + markdown_text(findings_.name) + "\n\n" + markdown_text(findings_.stand) + "\n";
        if (!findings_.complete) {
            text_ += "\nInterrupted: this is what there is.\n";
        }
        if (changes_ != nullptr) {
            add_changes();
        }
        add_verdict();
        add_summary();
        text_ += "\n" + legend();
        for (const Sheet& sheet : findings_.sheets) {
            add_sheet(sheet);
        }
        add_list("Runs that failed; they are in no figure", findings_.failures);
        add_list("Remarks", findings_.remarks);
        add_provenance();
        return std::move(text_);
    }

  private:
    const std::string& reference() const { return findings_.subjects.front().name; }

    std::vector<std::string> header(const char* first) const {
        std::vector<std::string> names{first};
        for (const Subject& subject : findings_.subjects) {
            names.push_back(markdown_text(subject.name));
        }
        return names;
    }

    void add_changes() {
        text_ += fmt::format(
            "\n## What changed\n\nRatios to {} after, over those before: {} better, {} worse, {} without a "
            "measurable "
            "difference, of {} compared. Where nothing has changed, about one in twenty seems to.\n",
            markdown_text(reference()), changes_->count(Standing::kBetter), changes_->count(Standing::kWorse),
            changes_->count(Standing::kAlike), changes_->all());
        for (const ChangedSheet& sheet : changes_->sheets) {
            text_ += fmt::format("\n### {}\n\n", markdown_text(heading_of(*sheet.sheet)));
            Table table({"", "before", "after", "after / before", "p", "verdict"});
            for (const Change& change : sheet.changes) {
                table.add({markdown_text(change.setting + ", " + findings_.subjects[change.subject].name),
                           ratio_text(change.before.median), ratio_text(change.after.median),
                           weighted(estimate_text(change.change), change.standing),
                           fmt::format("{:.3f}", change.p), standing_words(*sheet.sheet, change.standing)});
            }
            text_ += table.text();
        }
        add_list("Conditions that differ", changes_->conditions);
        add_list("Not compared", changes_->unmatched);
    }

    void add_verdict() {
        if (findings_.verdict.empty()) {
            return;
        }
        text_ += "\n## Verdict\n\n";
        for (const auto& [label, sentence] : findings_.verdict) {
            text_ += fmt::format("* **{}:** {}\n", markdown_text(label), markdown_text(sentence));
        }
        if (!findings_.judged.empty()) {
            text_ += "\n";
            Table table({"", "speed", "memory"}, false);
            for (const Judged& judged : findings_.judged) {
                table.add({markdown_text(findings_.subjects[judged.subject].name),
                           weighted(markdown_text(judged.speed_words), judged.speed),
                           weighted(markdown_text(judged.memory_words), judged.memory)});
            }
            text_ += table.text();
        }
    }

    void add_summary() {
        text_ +=
            fmt::format("\n## In short\n\nIn how many configurations each is faster than {0} or slower, "
                        "in how many it needs less memory or more, and geometric means of its ratios to {0}. "
                        "{1}\n\n",
                        markdown_text(reference()), kRule);
        Table table({"", "faster", "slower", "alike", "speed", "less memory", "more", "alike", "peak RSS"});
        for (std::size_t subject = 1; subject < findings_.subjects.size(); ++subject) {
            const Tally by_speed = speed_tally(findings_, subject);
            const Tally by_memory = memory_tally(findings_, subject);
            const auto speed = mean_speed(findings_, subject);
            const auto memory = mean_memory(findings_, subject);
            table.add({markdown_text(findings_.subjects[subject].name), std::to_string(by_speed.better),
                       std::to_string(by_speed.worse), std::to_string(by_speed.alike),
                       speed ? ratio_text(*speed) : "–", std::to_string(by_memory.better),
                       std::to_string(by_memory.worse), std::to_string(by_memory.alike),
                       memory ? ratio_text(*memory) : "–"});
        }
        text_ += table.text();
    }

    void add_sheet(const Sheet& sheet) {
        text_ += fmt::format("\n## {}\n\n", markdown_text(heading_of(sheet)));
        std::vector<std::string> names = header("");
        if (findings_.paired) {
            names.emplace_back("A/A");
        }
        Table table(names);
        for (std::size_t place = 0; place < sheet.lines.size(); ++place) {
            const Line& line = sheet.lines[place];
            table.add(line_text(sheet, line));
            const std::string& group = findings_.settings[line.setting].group;
            const bool last = place + 1 == sheet.lines.size() ||
                              findings_.settings[sheet.lines[place + 1].setting].group != group;
            if (last && place > 0 && findings_.settings[sheet.lines[place - 1].setting].group == group) {
                table.add(mean_text(sheet, group));
            }
        }
        text_ += table.text();
    }

    std::vector<std::string> line_text(const Sheet& sheet, const Line& line) const {
        const std::string notes = notes_of(findings_, line);
        std::vector<std::string> cells{
            markdown_text(findings_.settings[line.setting].name + (notes.empty() ? "" : " (" + notes + ")"))};
        for (const Entry& entry : line.entries) {
            cells.push_back(entry_text(sheet, entry));
        }
        if (findings_.paired) {
            cells.push_back(line.control ? estimate_text(*line.control) : "–");
        }
        return cells;
    }

    std::vector<std::string> mean_text(const Sheet& sheet, const std::string& group) const {
        std::vector<std::string> cells{markdown_text(group) + ", geometric mean"};
        for (std::size_t subject = 0; subject < findings_.subjects.size(); ++subject) {
            const auto mean = mean_ratio(findings_, sheet, group, subject);
            cells.push_back(mean ? ratio_text(*mean) : "");
        }
        if (findings_.paired) {
            cells.emplace_back();
        }
        return cells;
    }

    std::string legend() const {
        const std::string name = markdown_text(reference());
        const char* const of = findings_.paired ? "rounds" : "repetitions";
        return fmt::format(
            "The tables have the median of the {}, then its ratio to {} with the 95 % interval; **bold** is "
            "better than {}, *italic* worse, else no difference could be measured.{}\n",
            of, name, name, findings_.paired ? " A/A is " + name + " against itself." : "");
    }

    void add_list(const char* heading, const std::vector<std::string>& sentences) {
        if (sentences.empty()) {
            return;
        }
        text_ += fmt::format("\n## {}\n\n", heading);
        for (const std::string& sentence : sentences) {
            text_ += "* " + markdown_text(sentence) + "\n";
        }
    }

    void add_provenance() {
        text_ += "\n## Where this comes from\n\n";
        Table facts({"", ""}, false);
        for (const auto& [label, value] : findings_.provenance) {
            facts.add({markdown_text(label), markdown_text(value)});
        }
        text_ += facts.text();
        if (!findings_.subjects.front().library.empty()) {
            text_ += "\n";
            Table libraries({"", "library", "package", "SHA-256"}, false);
            for (const Subject& subject : findings_.subjects) {
                libraries.add({markdown_text(subject.name), markdown_text(subject.library),
                               markdown_text(subject.package), markdown_text(subject.sha256)});
            }
            text_ += libraries.text();
        }
    }

    const Findings& findings_;
    const Changes* changes_;
    std::string text_;
};

} // namespace

std::string markdown_text(std::string_view text) {
    std::string safe;
    for (const char each : text) {
        switch (each) {
        case '&':
            safe += "&amp;";
            break;
        case '<':
            safe += "&lt;";
            break;
        case '\\':
        case '|':
        case '*':
        case '`':
        case '[':
        case ']':
        case '#':
        case '~':
            safe += '\\';
            safe += each;
            break;
        case '\n':
        case '\r':
        case '\t':
            safe += ' ';
            break;
        default:
            safe += each;
        }
    }
    return safe;
}

std::string markdown(const Findings& findings, const Changes* changes) {
    return Document(findings, changes).render();
}

} // namespace ashlar::report
