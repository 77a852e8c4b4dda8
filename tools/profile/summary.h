// SPDX-License-Identifier: MIT
// The data of a report: every view of a recording with its named stacks and sites.
#pragma once

#include "profile/cache_figures.h"
#include "profile/names.h"
#include "profile/suppressions.h"
#include "profile/views.h"

#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace ashlar::profile {

// Selects stacks: one function or file matches `focus`, and none matches `ignore`.
struct Filter {
    std::optional<std::regex> focus{};
    std::optional<std::regex> ignore{};
    Suppressions suppressions{}; // of leaks

    bool matches(const NamedStack& stack, const Frames& frames) const; // `focus` and `ignore` only
    // Returns for each stack whether it matches; nothing if neither `focus` nor `ignore` is set.
    std::optional<std::vector<bool>> chosen(const std::vector<NamedStack>& stacks,
                                            const Frames& frames) const;
};

struct WeightedStack {
    NamedStack frames;
    Amount amount;
    std::vector<std::pair<double, double>> ages; // see StackAmount
};

// A place in the source text that requested memory.
struct Site {
    std::uint32_t frame = 0;
    Amount amount;
    double median_age = 0; // seconds
    NamedStack example;    // its stack with the most bytes
};

struct ViewSummary {
    View view = View::kPeak;
    Amount total; // of the stacks shown
    Amount suppressed;
    std::vector<WeightedStack> stacks;
    std::vector<Site> sites; // the largest first
};

struct SummarySettings {
    std::uint64_t temporary_within = kSoon; // bytes, see ViewSettings
    std::optional<double> at{};             // seconds after the start, for View::kLive
    std::string thread{};                   // name or number of the only threads that count; empty: all
    Filter filter{};
    bool memory = true; // report the views of memory
    bool cache = true;  // report the thread caches
    bool cpu = true;    // report the CPU, if it was sampled
};

// Figures from samples of the CPU.
struct CpuFigures {
    double used = 0;    // microseconds, all threads
    double sampled = 0; // microseconds in samples; the rest: threads that ended before their first
    double period = 0;  // microseconds between two samples of a thread; 0: sampling has ended
    std::uint64_t lost = 0;
    std::uint64_t unwatched = 0; // threads
    profile_format::CpuState state = profile_format::CpuState::kSamples;
    // "malloc", "free", "realloc" (with related functions) and "others", of the stacks shown; the largest
    // first.
    std::vector<std::pair<std::string, Amount>> operations{};
    std::set<std::uint32_t> releasing{}; // sites that were seen in "free"
};

// Returns the settings for one recording.
ViewSettings view_settings(const Recording& recording, const SummarySettings& settings);

struct Summary {
    Recording recording;
    std::map<View, ViewSummary> views;
    double peak_seconds = 0;         // after the start
    double seconds = 0;              // recorded
    std::optional<double> live_at{}; // the moment of View::kLive, in seconds after the start; none: the end
    Figure frees;                    // blocks
    std::vector<SizeRange> sizes;
    std::vector<ThreadAmount> threads;        // by bytes allocated
    std::optional<ViewSummary> shared_peak{}; // see share_peak()
    bool has_memory = true;                   // the views of memory were requested
    std::optional<CacheFigures> cache{}; // of the whole process, unfiltered; none: not requested or unknown

    std::optional<CpuFigures> cpu{}; // none: not requested or unknown

    const ViewSummary& at(View view) const { return views.at(view); }
    // Returns whether the view was requested and is known.
    bool shows(View view) const;
};

// Returns "live at the peak", or the moment that the summary is of.
std::string sentence_of(const Summary& summary, View view);

// Returns whether the bytes of this view are known. Other profilers do not record all of them.
bool knows(const Recording& recording, View view);

// Sets `shared_peak`. Processes have their peaks at different moments, so a sum of peaks never existed. Shown
// together, all processes are at the moment when their sum was largest. Does nothing for a single process, or
// if another profiler made one of the recordings.
void share_peak(std::vector<Summary>& summaries, symbols::Symbolizer& symbolizer, Frames& frames,
                const SummarySettings& settings);

// Returns the process's part of the view of all `processes`. For kPeak of several it is of the shared peak.
const ViewSummary& part_of_all(const Summary& summary, View view, std::size_t processes);

Summary summarise(Recording recording, symbols::Symbolizer& symbolizer, Frames& frames,
                  const SummarySettings& settings = {});

// Builds one view of named stacks. Merges stacks of equal names.
ViewSummary summarise_stacks(View view, const std::vector<WeightedStack>& stacks, Frames& frames,
                             const Filter& filter);

// Returns the sites of a view, the largest first. Sites of View::kCpu are the functions that ran.
std::vector<Site> sites(const std::vector<WeightedStack>& stacks, Frames& frames, View view);

// A site in two recordings.
struct Difference {
    std::uint32_t frame = 0;
    Amount before;
    Amount after;
    NamedStack example;

    double bytes() const { return after.bytes.value - before.bytes.value; }
    // Returns whether the difference is more than chance: its 95 % interval excludes zero.
    bool is_certain() const;
};

// Returns the largest difference first. Both lists must use the same `frames`.
std::vector<Difference> differences(const std::vector<WeightedStack>& before,
                                    const std::vector<WeightedStack>& after, Frames& frames, View view);

// ---- Samples of the CPU: cpu.cc

// A stack as recorded, and its part outside the allocator.
struct CpuStack {
    NamedStack whole;
    NamedStack caller;     // from the allocator's caller outwards; the whole stack without an allocator
    std::string operation; // "malloc", "free", "realloc" or "others"; empty: not in the allocator
};

// Returns an entry for each stack of the recording, empty for stacks without a CPU sample.
std::vector<CpuStack> name_cpu_stacks(const Recording& recording, symbols::Symbolizer& symbolizer,
                                      Frames& frames);

// Adds the CPU views to a summary, which must already have the views of memory.
void add_cpu(Summary& summary, const Recording& recording, symbols::Symbolizer& symbolizer, Frames& frames,
             const SummarySettings& settings);

// Returns the estimated number of requests from this place, or nothing if unknown.
std::optional<Figure> calls_at(const Summary& summary, std::uint32_t frame);

// Returns the mean time of a request in microseconds. Returns nothing where it includes releases, which are
// not counted.
std::optional<double> time_of_call_at(const Summary& summary, const Site& site);

} // namespace ashlar::profile
