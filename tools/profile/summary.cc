// SPDX-License-Identifier: MIT
#include "profile/summary.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace ashlar::profile {

namespace {

bool any_matches(const NamedStack& stack, const Frames& frames, const std::regex& pattern) {
    return std::any_of(stack.begin(), stack.end(), [&](std::uint32_t index) {
        return std::regex_search(frames[index].function, pattern) ||
               std::regex_search(frames[index].file, pattern);
    });
}

// Returns the frame that identifies a site for a person. Calls in one line are one site, wherever inlined.
std::uint32_t site_key(const NamedStack& stack, Frames& frames, View view) {
    Frame site{.function = "no stack was recorded"};
    if (view == View::kCpu && !stack.empty()) {
        site = frames[stack.front()];
        site.line = 0;
        site.inlined = false;
    } else if (const auto frame = site_of(stack, frames)) {
        site = frames[*frame];
        site.inlined = false;
    }
    return frames.add(site);
}

std::vector<WeightedStack> stacks_of(const Recording& recording, View view,
                                     const std::vector<NamedStack>& names, const ViewSettings& settings) {
    std::vector<WeightedStack> stacks;
    for (StackAmount& each : evaluate(recording, view, settings).stacks) {
        stacks.push_back({.frames = names[each.stack], .amount = each.amount, .ages = {}});
        if (recording.origin == Origin::kAshlar) { // other profilers record no times
            stacks.back().ages = std::move(each.ages);
        }
    }
    return stacks;
}

} // namespace

bool Filter::matches(const NamedStack& stack, const Frames& frames) const {
    return (!focus || any_matches(stack, frames, *focus)) &&
           (!ignore || !any_matches(stack, frames, *ignore));
}

std::optional<std::vector<bool>> Filter::chosen(const std::vector<NamedStack>& stacks,
                                                const Frames& frames) const {
    if (!focus && !ignore) {
        return std::nullopt;
    }
    std::vector<bool> which;
    which.reserve(stacks.size());
    for (const NamedStack& stack : stacks) {
        which.push_back(matches(stack, frames));
    }
    return which;
}

ViewSettings view_settings(const Recording& recording, const SummarySettings& settings) {
    ViewSettings views{.temporary_within = settings.temporary_within};
    if (settings.at) {
        views.at = recording.start + static_cast<std::uint64_t>(*settings.at * 1e9);
    }
    if (!settings.thread.empty()) {
        views.threads.emplace();
        for (std::uint32_t index = 1; index < recording.threads.size(); ++index) {
            const ThreadName& thread = recording.threads[index];
            if (thread.name == settings.thread || std::to_string(thread.number) == settings.thread) {
                views.threads->push_back(index);
            }
        }
    }
    return views;
}

bool knows(const Recording& recording, View view) {
    if (is_of_cpu(view)) {
        return recording.cpu_time.has_value();
    }
    return recording.origin == Origin::kAshlar || view == View::kPeak || view == View::kLive ||
           view == View::kLeaks;
}

bool Summary::shows(View view) const {
    return is_of_cpu(view) ? cpu.has_value() : has_memory && knows(recording, view);
}

std::string sentence_of(const Summary& summary, View view) {
    return view == View::kLive && summary.live_at ? fmt::format("live after {:.6g} s", *summary.live_at)
                                                  : sentence_of(view);
}

Summary summarise(Recording recording, symbols::Symbolizer& symbolizer, Frames& frames,
                  const SummarySettings& settings) {
    Summary summary;
    const std::vector<NamedStack> names = name_stacks(recording, symbolizer, frames);
    ViewSettings views = view_settings(recording, settings);
    views.stacks = settings.filter.chosen(names, frames);
    for (const View view : kViews) {
        summary.views.emplace(
            view, summarise_stacks(view, stacks_of(recording, view, names, views), frames, settings.filter));
    }
    add_cpu(summary, recording, symbolizer, frames, settings);
    summary.peak_seconds = recording.seconds(peak_time(recording));
    summary.seconds = recording.seconds(recording.end);
    if (settings.at && *settings.at <= summary.seconds) {
        summary.live_at = settings.at; // a later moment is shown as the end
    }
    summary.has_memory = settings.memory;
    summary.cache = settings.cache ? cache_figures(recording) : std::nullopt;
    summary.frees = freed_blocks(recording, views);
    summary.sizes = sizes(recording, views);
    summary.threads = by_thread(recording, View::kAllocated, views);
    summary.recording = std::move(recording);
    return summary;
}

namespace {

// Converts a time of the process's own clock to ns since 1970, which is comparable between processes.
std::uint64_t real_time(const Recording& recording, std::uint64_t time) {
    return recording.started_realtime + (time - recording.start);
}

// Returns when all processes together held the most, in ns since 1970. A process holds nothing after its end.
std::uint64_t time_of_shared_peak(const std::vector<Summary>& summaries) {
    std::vector<std::pair<std::uint64_t, double>> changes;
    for (const Summary& summary : summaries) {
        const Recording& recording = summary.recording;
        for (const Sample& sample : recording.samples) {
            changes.emplace_back(real_time(recording, sample.time), sample.bytes);
            changes.emplace_back(real_time(recording, sample.freed.value_or(recording.end + 1)),
                                 -sample.bytes);
        }
    }
    std::sort(changes.begin(), changes.end()); // releases first at equal times
    double live = 0;
    double most = 0;
    std::uint64_t moment = 0;
    for (const auto& [time, bytes] : changes) {
        live += bytes;
        if (live > most) {
            most = live;
            moment = time;
        }
    }
    return moment;
}

} // namespace

void share_peak(std::vector<Summary>& summaries, symbols::Symbolizer& symbolizer, Frames& frames,
                const SummarySettings& settings) {
    const auto is_other = [](const Summary& each) { return each.recording.origin != Origin::kAshlar; };
    if (summaries.size() < 2 || std::any_of(summaries.begin(), summaries.end(), is_other)) {
        return;
    }
    const std::uint64_t peak = time_of_shared_peak(summaries);
    for (Summary& summary : summaries) {
        const Recording& recording = summary.recording;
        const bool is_there =
            peak >= recording.started_realtime && peak <= real_time(recording, recording.end);
        std::vector<WeightedStack> stacks;
        if (is_there) {
            ViewSettings views = view_settings(recording, settings);
            views.at = recording.start + (peak - recording.started_realtime);
            stacks = stacks_of(recording, View::kLive, name_stacks(recording, symbolizer, frames), views);
        }
        summary.shared_peak = summarise_stacks(View::kPeak, stacks, frames, settings.filter);
    }
}

const ViewSummary& part_of_all(const Summary& summary, View view, std::size_t processes) {
    return view == View::kPeak && processes > 1 && summary.shared_peak ? *summary.shared_peak
                                                                       : summary.at(view);
}

ViewSummary summarise_stacks(View view, const std::vector<WeightedStack>& stacks, Frames& frames,
                             const Filter& filter) {
    ViewSummary summary{.view = view, .total = {}, .suppressed = {}, .stacks = {}, .sites = {}};
    std::map<NamedStack, WeightedStack> merged; // different addresses may have equal names
    for (const WeightedStack& each : stacks) {
        if (!filter.matches(each.frames, frames)) {
            continue;
        }
        if (view == View::kLeaks && filter.suppressions.match(each.frames, frames)) {
            summary.suppressed.add(each.amount);
            continue;
        }
        summary.total.add(each.amount);
        WeightedStack& weighted = merged[each.frames];
        weighted.amount.add(each.amount);
        weighted.ages.insert(weighted.ages.end(), each.ages.begin(), each.ages.end());
    }
    for (auto& [stack, weighted] : merged) {
        weighted.frames = stack;
        summary.stacks.push_back(std::move(weighted));
    }
    summary.sites = sites(summary.stacks, frames, view);
    return summary;
}

std::vector<Site> sites(const std::vector<WeightedStack>& stacks, Frames& frames, View view) {
    struct Gathered {
        Site site;
        std::vector<std::pair<double, double>> ages;
        double most = -1;
    };
    std::map<std::uint32_t, Gathered> gathered;
    for (const WeightedStack& stack : stacks) {
        Gathered& at = gathered[site_key(stack.frames, frames, view)];
        at.site.amount.add(stack.amount);
        at.ages.insert(at.ages.end(), stack.ages.begin(), stack.ages.end());
        if (stack.amount.bytes.value > at.most) {
            at.most = stack.amount.bytes.value;
            at.site.example = stack.frames;
        }
    }
    std::vector<Site> result;
    for (auto& [frame, each] : gathered) {
        each.site.frame = frame;
        each.site.median_age = median_age(std::move(each.ages));
        result.push_back(std::move(each.site));
    }
    std::stable_sort(result.begin(), result.end(), [](const Site& one, const Site& other) {
        return one.amount.bytes.value > other.amount.bytes.value;
    });
    return result;
}

bool Difference::is_certain() const {
    constexpr double kDeviations = 1.959963984540054; // 95 % of a normal distribution
    const double deviation = std::sqrt(before.bytes.variance + after.bytes.variance);
    return std::abs(bytes()) > kDeviations * deviation;
}

std::vector<Difference> differences(const std::vector<WeightedStack>& before,
                                    const std::vector<WeightedStack>& after, Frames& frames, View view) {
    std::map<std::uint32_t, Difference> found;
    for (const Site& site : sites(before, frames, view)) {
        found[site.frame].before = site.amount;
        found[site.frame].example = site.example;
    }
    for (const Site& site : sites(after, frames, view)) {
        found[site.frame].after = site.amount;
        found[site.frame].example = site.example;
    }
    std::vector<Difference> result;
    for (auto& [frame, difference] : found) {
        difference.frame = frame;
        result.push_back(std::move(difference));
    }
    std::stable_sort(result.begin(), result.end(), [](const Difference& one, const Difference& other) {
        return std::abs(one.bytes()) > std::abs(other.bytes());
    });
    return result;
}

} // namespace ashlar::profile
