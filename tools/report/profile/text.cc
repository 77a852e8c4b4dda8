// SPDX-License-Identifier: MIT
#include "report/profile/text.h"

#include "report/profile/advice.h"
#include "report/profile/quantities.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <span>

namespace ashlar::report::profile {

namespace {

using namespace ashlar::profile;

double share(double part, double whole) {
    return whole > 0 ? part / whole : 0;
}

std::string heading(const std::string& words, bool colour) {
    return colour ? "\033[1m" + words + "\033[0m\n" : words + "\n";
}

std::string program_name(const Recording& recording) {
    return std::filesystem::path(recording.program).filename().string();
}

// Cuts the middle out if the text is longer than `most`.
std::string shortened(const std::string& text, std::size_t most) {
    if (text.size() <= most) {
        return text;
    }
    const std::size_t tail = most * 2 / 3; // it holds the file and the line
    const std::size_t front = most - tail - 1;
    std::string result = text.substr(0, front) + "…" + text.substr(text.size() - tail);
    return result;
}

class Text {
  public:
    Text(const Summary& summary, const Frames& frames, const ProfileTextSettings& settings)
        : summary_(summary), frames_(frames), settings_(settings) {}

    std::string render() {
        add_program();
        for (const std::string& sentence : cut_short(summary_)) {
            text_ += std::string(colour() ? "\033[31mCut short:\033[0m " : "Cut short: ") + sentence + "\n";
        }
        if (settings_.view == View::kCpu) {
            add_cpu();
        }
        if (summary_.has_memory) {
            add_memory();
        }
        if (settings_.view != View::kCpu) {
            add_sentences("CPU time", cpu_sentences(summary_));
            add_allocation_cpu(kFew);
        }
        add_sentences("Thread caches", cache_sentences(summary_));
        if (summary_.has_memory) {
            add_sentences("What to do", advice(summary_, frames_, settings_.temporary_within));
        }
        add_sentences("Mind", cautions(summary_));
        return text_;
    }

  private:
    static constexpr std::size_t kFew = 3; // sites in views that were not requested

    void add_cpu() {
        add_sentences("CPU time", cpu_sentences(summary_));
        const ViewSummary& found = summary_.at(View::kCpu);
        if (found.sites.empty()) {
            return;
        }
        text_ += "\n" + heading("Hot functions", colour());
        TextTable table({"  function", "CPU time (µs)", "share", "samples"});
        add_rows(table, found, settings_.top, [&](const Site& site) {
            constexpr std::size_t kFigures = 44;
            table.add({{"  " + shortened(words_for(frames_[site.frame]), room(kFigures))},
                       {microseconds_text(site.amount.bytes)},
                       share_cell(site, found.total),
                       {count_text(static_cast<double>(site.amount.samples)), Tint::kFaint}});
        });
        add_allocation_cpu(settings_.top);
    }

    void add_allocation_cpu(std::size_t top) {
        if (!summary_.cpu || summary_.at(View::kAllocationCpu).sites.empty()) {
            return;
        }
        const ViewSummary& found = summary_.at(View::kAllocationCpu);
        text_ += "\n" + heading("Who called the allocator, by its CPU time", colour());
        TextTable table({"  place", "CPU time (µs)", "share", "calls", "per call"});
        add_rows(table, found, top, [&](const Site& site) {
            const std::optional<Figure> calls = calls_at(summary_, site.frame);
            const std::optional<double> time = time_of_call_at(summary_, site);
            constexpr double kMicrosecond = 1e-6;
            table.add({{"  " + shortened(words_for(frames_[site.frame]), room())},
                       {microseconds_text(site.amount.bytes)},
                       share_cell(site, summary_.at(View::kCpu).total),
                       {calls ? count_text(*calls) : "–"},
                       {time ? seconds_text(*time * kMicrosecond) : "–"}});
        });
    }

    template <class Add>
    void add_rows(TextTable& table, const ViewSummary& found, std::size_t top, Add add) {
        for (std::size_t index = 0; index < std::min(top, found.sites.size()); ++index) {
            add(found.sites[index]);
            add_caller(found.sites[index], table, room());
        }
        text_ += table.render(colour(), settings_.text.columns);
        if (found.sites.size() > top) {
            text_ += fmt::format("  and {} other places\n", found.sites.size() - top);
        }
    }

    static TextCell share_cell(const Site& site, const Amount& total) {
        const double part = share(site.amount.bytes.value, total.bytes.value);
        constexpr double kMuch = 0.2;
        return {percent_text(part), part >= kMuch ? Tint::kBad : Tint::kNone};
    }

    // Returns the columns for a site's name, beside `figures` columns of figures.
    std::size_t room(std::size_t figures = 58) const {
        constexpr std::size_t kNarrowest = 30;
        return std::max(kNarrowest, settings_.text.columns - std::min(settings_.text.columns, figures));
    }

    void add_memory() {
        add_totals();
        if (!is_of_cpu(settings_.view)) {
            add_sites(settings_.view, settings_.top);
        }
        for (const View view : {View::kLeaks, View::kWaste}) {
            if (view != settings_.view && !summary_.at(view).sites.empty()) {
                add_sites(view, std::min(kFew, settings_.top));
            }
        }
        add_threads();
        add_sizes();
    }

    bool colour() const { return settings_.text.colour; }

    void add_program() {
        const Recording& recording = summary_.recording;
        text_ += heading(program_name(recording) + circumstances(), colour());
        if (recording.origin == Origin::kHeaptrack) {
            text_ +=
                "Every block was recorded; heaptrack_print rounds bytes to two digits behind the point.\n";
            return;
        }
        text_ += recording.rate <= 1
                     ? recording.is_complete()
                           ? "Every block was recorded: figures are exact.\n"
                           : "Every block was to be recorded, and some are missing: figures are not exact.\n"
                     : fmt::format("A sample every {} on average: ± is an interval of 95 %.\n",
                                   distances_text(recording));
    }

    std::string circumstances() const {
        switch (summary_.recording.origin) {
        case Origin::kJemalloc:
            return ", at one moment";
        case Origin::kHeaptrack:
            return fmt::format(" (recorded by heaptrack), {:.2f} s", summary_.seconds);
        case Origin::kAshlar:
            break;
        }
        return fmt::format(" (process {}), {}", summary_.recording.pid, seconds_text(summary_.seconds));
    }

    void add_total(const char* name, const std::string& words) {
        text_ += fmt::format("  {:<11} {}\n", name, words);
    }

    void add_totals() {
        if (summary_.recording.origin == Origin::kHeaptrack) {
            add_totals_of_heaptrack();
            return;
        }
        const auto words = [&](View view) {
            const Amount& total = summary_.at(view).total;
            return fmt::format("{} in {} blocks", bytes_text(total.bytes), count_text(total.blocks));
        };
        text_ += "\n";
        if (summary_.recording.origin == Origin::kJemalloc) {
            add_total("Live", words(View::kLive) + ", at the moment of the profile");
            return;
        }
        add_total("Peak",
                  fmt::format("{}, after {}", words(View::kPeak), seconds_text(summary_.peak_seconds)));
        if (summary_.live_at) {
            add_total("Live",
                      fmt::format("{}, after {}", words(View::kLive), seconds_text(*summary_.live_at)));
        } else {
            add_total("At the end", words(View::kLive));
        }
        const Amount& allocated = summary_.at(View::kAllocated).total;
        std::string rate;
        if (summary_.seconds > 0) {
            rate = fmt::format(": {}/s, {} blocks/s", bytes_text(allocated.bytes.value / summary_.seconds),
                               count_text(allocated.blocks.value / summary_.seconds));
        }
        add_total("Allocated", words(View::kAllocated) + rate);
        add_total("Freed", count_text(summary_.frees) + " blocks");
        add_total("Temporary", fmt::format("{} of the bytes: freed before another {} were allocated",
                                           percent_text(share(summary_.at(View::kTemporary).total.bytes.value,
                                                              allocated.bytes.value)),
                                           bytes_text(static_cast<double>(settings_.temporary_within))));
        const ViewSummary& leaks = summary_.at(View::kLeaks);
        const std::string suppressed =
            leaks.suppressed.samples == 0
                ? ""
                : fmt::format("; {} suppressed", bytes_text(leaks.suppressed.bytes.value));
        add_total("Leaks", words(View::kLeaks) + suppressed);
        if (summary_.at(View::kWaste).total.samples > 0) {
            add_total("Waste", bytes_text(summary_.at(View::kWaste).total.bytes) +
                                   " free, in slabs that live blocks keep");
        }
    }

    void add_totals_of_heaptrack() {
        const auto bytes = [&](View view) { return bytes_text(summary_.at(view).total.bytes); };
        const auto blocks = [&](View view) { return count_text(summary_.at(view).total.blocks); };
        text_ += "\n";
        add_total("Peak", bytes(View::kPeak));
        add_total("At the end", bytes(View::kLive));
        add_total("Allocated", blocks(View::kAllocated) + " blocks");
        add_total("Temporary", blocks(View::kTemporary) + " blocks: freed before the next one was allocated");
        const Amount& suppressed = summary_.at(View::kLeaks).suppressed;
        add_total("Leaks",
                  bytes(View::kLeaks) + (suppressed.samples == 0
                                             ? ""
                                             : fmt::format("; {} suppressed", bytes_text(suppressed.bytes))));
    }

    void add_sites(View view, std::size_t top) {
        const ViewSummary& found = summary_.at(view);
        text_ += "\n" + heading(fmt::format("Where {} was {}", view == View::kWaste ? "memory" : "it",
                                            sentence_of(summary_, view)),
                                colour());
        if (found.sites.empty()) {
            text_ += "  nothing\n";
            return;
        }
        const bool is_time = view == View::kLifetime;
        TextTable table({"  place", is_time ? "bytes × s" : "bytes", "share", "blocks", "median age"});
        add_rows(table, found, top, [&](const Site& site) {
            table.add({{"  " + shortened(words_for(frames_[site.frame]), room())},
                       {bytes_text(site.amount.bytes)},
                       share_cell(site, found.total),
                       {count_text(site.amount.blocks)},
                       {std::isnan(site.median_age) ? "–" : seconds_text(site.median_age), Tint::kFaint}});
        });
    }

    // Adds the site's caller in the stack with the most bytes.
    void add_caller(const Site& site, TextTable& table, std::size_t room) {
        const NamedStack& stack = site.example;
        const auto place = std::find_if(stack.begin(), stack.end(), [&](std::uint32_t frame) {
            return frames_[frame].function == frames_[site.frame].function &&
                   (frames_[site.frame].line == 0 || frames_[frame].line == frames_[site.frame].line);
        });
        if (place != stack.end() && std::next(place) != stack.end()) {
            table.add(
                {{"    from " + shortened(words_for(frames_[*std::next(place)]), room - 7), Tint::kFaint}});
        }
    }

    void add_threads() {
        if (summary_.threads.size() < 2) {
            return;
        }
        text_ += "\n" + heading("By thread", colour());
        TextTable table({"  thread", "bytes allocated", "blocks"});
        constexpr std::size_t kMost = 8;
        for (std::size_t index = 0; index < std::min(kMost, summary_.threads.size()); ++index) {
            const ThreadAmount& thread = summary_.threads[index];
            const ThreadName& name = summary_.recording.threads[thread.thread];
            table.add({{name.number == 0 ? "  unknown" : fmt::format("  {} {}", name.number, name.name)},
                       {bytes_text(thread.amount.bytes)},
                       {count_text(thread.amount.blocks)}});
        }
        text_ += table.render(colour(), settings_.text.columns);
        if (summary_.threads.size() > kMost) {
            text_ += fmt::format("  and {} other threads\n", summary_.threads.size() - kMost);
        }
    }

    void add_sizes() {
        if (summary_.sizes.empty()) {
            return;
        }
        text_ += "\n" + heading("Blocks allocated, by size", colour());
        TextTable table({"  up to", "blocks", "bytes", ""});
        double most = 0;
        for (const SizeRange& range : summary_.sizes) {
            most = std::max(most, range.amount.blocks.value);
        }
        constexpr double kBar = 24;
        for (const SizeRange& range : summary_.sizes) {
            const auto length = static_cast<std::size_t>(std::ceil(kBar * range.amount.blocks.value / most));
            std::string bar(static_cast<std::size_t>(kBar) - length,
                            ' '); // pads the bar on the right, because figures are right-aligned
            bar.insert(0, std::string(length, '#'));
            table.add({{"  " + bytes_text(static_cast<double>(range.largest))},
                       {count_text(range.amount.blocks)},
                       {bytes_text(range.amount.bytes)},
                       {bar}});
        }
        text_ += table.render(colour(), settings_.text.columns);
    }

    void add_sentences(const char* title, const std::vector<std::string>& sentences) {
        if (sentences.empty()) {
            return;
        }
        text_ += "\n" + heading(title, colour());
        for (const std::string& sentence : sentences) {
            text_ += "  " + sentence + "\n";
        }
    }

    const Summary& summary_;
    const Frames& frames_;
    const ProfileTextSettings& settings_;
    std::string text_;
};

} // namespace

std::string profile_text(const Summary& summary, const Frames& frames, const ProfileTextSettings& settings) {
    return Text(summary, frames, settings).render();
}

std::string processes_text(const std::vector<Summary>& summaries, const ProfileTextSettings& settings) {
    const bool has_cpu = std::any_of(summaries.begin(), summaries.end(),
                                     [](const Summary& summary) { return summary.cpu.has_value(); });
    std::vector<std::string> head{"process", "peak", "allocated", "leaks", "seconds"};
    if (has_cpu) {
        head.emplace_back("CPU time (µs)");
    }
    TextTable table(head);
    const auto shown =
        summaries.begin() + static_cast<std::ptrdiff_t>(std::min(settings.top, summaries.size()));
    for (const Summary& summary : std::span(summaries.begin(), shown)) {
        std::vector<TextCell> cells{
            {fmt::format("{} ({})", program_name(summary.recording), summary.recording.pid)},
            {bytes_text(summary.at(View::kPeak).total.bytes)},
            {bytes_text(summary.at(View::kAllocated).total.bytes)},
            {bytes_text(summary.at(View::kLeaks).total.bytes)},
            {fmt::format("{:.2f}", summary.seconds)}};
        if (has_cpu) {
            cells.push_back({summary.cpu ? microseconds_text(summary.cpu->used) : "–"});
        }
        table.add(std::move(cells));
    }
    std::string text = table.render(settings.text.colour, settings.text.columns);
    if (shown != summaries.end()) {
        Amount others;
        for (const Summary& summary : std::span(shown, summaries.end())) {
            others.add(summary.at(View::kAllocated).total);
        }
        text += fmt::format("And {} others, which allocated {} (--top shows more).\n",
                            summaries.end() - shown, bytes_text(others.bytes));
    }
    if (summaries.front().shared_peak) {
        Amount together;
        for (const Summary& summary : summaries) {
            together.add(summary.shared_peak->total);
        }
        text +=
            fmt::format("All of them together held {} at most. Their own peaks are at different moments, and "
                        "are not added.\n",
                        bytes_text(together.bytes));
    }
    return text;
}

std::string differences_text(const std::vector<Difference>& differences, const Frames& frames,
                             const ProfileTextSettings& settings) {
    double total = 0;
    for (const Difference& each : differences) {
        total += each.bytes();
    }
    const auto amount = [&](double value) {
        return is_of_cpu(settings.view) ? microseconds_text(value) + " µs" : bytes_text(value);
    };
    const auto figure = [&](const Figure& value) {
        return is_of_cpu(settings.view) ? microseconds_text(value) : bytes_text(value);
    };
    const auto with_sign = [&](double value) { return (value < 0 ? "-" : "+") + amount(std::abs(value)); };
    std::string text = heading(fmt::format("What is {}: {} from the first to the second",
                                           settings.view == View::kLive && settings.at
                                               ? fmt::format("live after {:.6g} s", *settings.at)
                                               : sentence_of(settings.view),
                                           with_sign(total)),
                               settings.text.colour);
    TextTable table({"  place", "change", "before", "after", ""});
    std::size_t shown = 0;
    for (const Difference& each : differences) {
        if (each.bytes() == 0 || shown++ >= settings.top) {
            continue;
        }
        constexpr std::size_t kRoom = 48;
        const Tint tint = !each.is_certain() ? Tint::kFaint : each.bytes() > 0 ? Tint::kBad : Tint::kGood;
        table.add({{"  " + shortened(words_for(frames[each.frame]), kRoom)},
                   {with_sign(each.bytes()), tint},
                   {figure(each.before.bytes)},
                   {figure(each.after.bytes)},
                   {each.is_certain() ? "" : "may be chance", Tint::kFaint}});
    }
    if (shown == 0) {
        return text + "  no place differs\n";
    }
    text += table.render(settings.text.colour, settings.text.columns);
    return shown > settings.top ? text + fmt::format("  and {} other places\n", shown - settings.top) : text;
}

} // namespace ashlar::report::profile
