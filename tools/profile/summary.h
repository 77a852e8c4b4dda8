// SPDX-License-Identifier: MIT
// What a report is made of: every view of a recording with its named stacks and its sites.
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

// Which stacks count: one of their functions or files matches `focus`, none matches `ignore`.
struct Filter {
    std::optional<std::regex> focus{};
    std::optional<std::regex> ignore{};
    Suppressions suppressions{}; // of leaks

    bool matches(const NamedStack& stack, const Frames& frames) const; // focus and ignore alone
    // Which of these do; nothing if all of them, because nothing was asked for.
    std::optional<std::vector<bool>> chosen(const std::vector<NamedStack>& stacks,
                                            const Frames& frames) const;
};

struct WeightedStack {
    NamedStack frames;
    Amount amount;
    std::vector<std::pair<double, double>> ages; // see StackAmount
};

// A place in the program's text that memory was asked for at.
struct Site {
    std::uint32_t frame = 0;
    Amount amount;
    double median_age = 0; // seconds
    NamedStack example;    // its stack of the most bytes
};

struct ViewSummary {
    View view = View::kPeak;
    Amount total; // of what is shown
    Amount suppressed;
    std::vector<WeightedStack> stacks;
    std::vector<Site> sites; // the largest first
};

struct SummarySettings {
    std::uint64_t temporary_within = kSoon; // bytes, see ViewSettings
    std::optional<double> at{};             // seconds after the start; of the view kLive
    std::string thread{};                   // name or number of the only ones that count; empty: all
    Filter filter{};
    bool memory = true; // is reported
    bool cache = true;  // likewise
    bool cpu = true;    // likewise, if it was recorded
};

// Of the samples of the processor.
struct CpuFigures {
    double used = 0;    // microseconds, by all threads
    double sampled = 0; // of these; the rest are threads that ended before they had a sample
    double period = 0;  // microseconds between two samples of a thread; 0: no more are taken
    std::uint64_t lost = 0;
    std::uint64_t unwatched = 0; // threads
    profile_format::CpuState state = profile_format::CpuState::kSamples;
    // "malloc", "free" and "realloc", each with its like, and "others", of what is shown; the most first.
    std::vector<std::pair<std::string, Amount>> operations{};
    std::set<std::uint32_t> releasing{}; // frames of places that were seen in "free"
};

// Those of one recording.
ViewSettings view_settings(const Recording& recording, const SummarySettings& settings);

struct Summary {
    Recording recording;
    std::map<View, ViewSummary> views;
    double peak_seconds = 0; // after the start
    double seconds = 0;      // that were recorded
    std::optional<double>
        live_at{}; // the moment of the view kLive, in seconds after the start; none: the end
    Figure frees;  // blocks
    std::vector<SizeRange> sizes;
    std::vector<ThreadAmount> threads;        // by what they allocated
    std::optional<ViewSummary> shared_peak{}; // see share_peak()
    bool has_memory = true;                   // the views are wanted
    std::optional<CacheFigures> cache{}; // of the whole process, whatever is filtered; if wanted and known

    std::optional<CpuFigures> cpu{}; // if wanted and known

    const ViewSummary& at(View view) const { return views.at(view); }
    // It is wanted, and known.
    bool shows(View view) const;
};

// "live at the peak", of this summary.
std::string sentence_of(const Summary& summary, View view);

// Are the bytes of this view known? Not all are of what other programs recorded.
bool knows(const Recording& recording, View view);

// Peaks of several processes are at different moments, and their sum is nothing that ever was. So where they
// are shown together, the view kPeak is of the moment at which all of them together held the most. Nothing is
// done for one process, or if one was recorded by another profiler.
void share_peak(std::vector<Summary>& summaries, symbols::Symbolizer& symbolizer, Frames& frames,
                const SummarySettings& settings);

// The view of this process as a part of all `processes`.
const ViewSummary& part_of_all(const Summary& summary, View view, std::size_t processes);

Summary summarise(Recording recording, symbols::Symbolizer& symbolizer, Frames& frames,
                  const SummarySettings& settings = {});

// One view of stacks that were named; those of the same names are put together.
ViewSummary summarise_stacks(View view, const std::vector<WeightedStack>& stacks, Frames& frames,
                             const Filter& filter);

// Of the processor's view they are functions: where a thread was, whatever called it.
std::vector<Site> sites(const std::vector<WeightedStack>& stacks, Frames& frames, View view);

// The same site in two recordings.
struct Difference {
    std::uint32_t frame = 0;
    Amount before;
    Amount after;
    NamedStack example;

    double bytes() const { return after.bytes.value - before.bytes.value; }
    // More than chance: the interval of the difference leaves zero.
    bool is_certain() const;
};

// The largest difference first. Both must have been named with the same frames.
std::vector<Difference> differences(const std::vector<WeightedStack>& before,
                                    const std::vector<WeightedStack>& after, Frames& frames, View view);

// ---- What the samples of the processor say: cpu.cc

// A stack as it was, and what is left of it without the allocator's part.
struct CpuStack {
    NamedStack whole;
    NamedStack caller;     // of the allocator; all of it if it is not in the stack
    std::string operation; // "malloc", "free", "realloc", each with its like, or "others"; empty: none
};

// One for each stack of the recording; empty for those that no sample of the processor has.
std::vector<CpuStack> name_cpu_stacks(const Recording& recording, symbols::Symbolizer& symbolizer,
                                      Frames& frames);

// Adds the views of the processor to the summary of a recording. The views of memory must be there.
void add_cpu(Summary& summary, const Recording& recording, symbols::Symbolizer& symbolizer, Frames& frames,
             const SummarySettings& settings);

// The estimate of the calls by which this place asked for memory; nothing if it is not known.
std::optional<Figure> calls_at(const Summary& summary, std::uint32_t frame);

// Microseconds of one of these calls. Not known where the time is also that of releases, which are not
// counted.
std::optional<double> time_of_call_at(const Summary& summary, const Site& site);

} // namespace ashlar::profile
