// SPDX-License-Identifier: MIT
// The content of a report, from any tool: subjects, settings, quantities, and every sample behind each
// figure. Markdown, CSV and HTML are written from this, independent of the source.
#pragma once

#include "report/verdict.h"
#include "statistics/bootstrap.h"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ashlar::report {

struct Subject { // an allocator
    std::string name;
    std::size_t slot = 0; // colour and shape in pictures, see give_slots
    std::string library;
    std::string package;
    std::string sha256;
};

struct Setting {        // a configuration: one command or one benchmark
    std::string name;   // "random_mixed, 64 B"
    std::string group;  // the settings that a mean covers
    std::string series; // name without threads and size; a line over these is drawn for each
    unsigned threads = 1;
    std::optional<double> size; // of a block, if the name has a size
    std::string size_words;     // "64", "16-1024"
    bool oversubscribed = false;
    std::string command;
    std::vector<std::pair<std::string, std::string>> parameters; // name and value
};

struct Estimate {
    double median = 1;
    statistics::Interval interval{1, 1}; // infinite bounds: too few samples
};

struct Entry { // of one subject in one setting
    std::optional<Estimate> value;
    std::optional<Estimate> ratio; // to the reference; none for the reference itself
    Standing standing = Standing::kUnknown;
    std::vector<double> values; // of every sample that counts
    std::vector<double> ratios; // within each round; empty if samples are not paired
    int failures = 0;
};

struct Line {
    std::size_t setting = 0;
    std::vector<Entry> entries;      // by subject
    std::optional<Estimate> control; // the reference against itself
    bool noisy = false;
};

struct Sheet { // one quantity
    std::string key;
    std::string title;
    std::string short_title; // for navigation
    std::string unit;
    double scale = 1; // divisor for people's units
    int decimals = 1;
    bool more_is_better = false;
    bool is_speed = false; // ranks allocators by time
    bool is_memory = false;
    bool is_central = true; // false: shown folded
    std::vector<Line> lines;
};

// A subject's memory in one run.
struct Curve {
    std::size_t setting = 0;
    std::size_t subject = 0;
    int round = 0;
    std::vector<std::pair<double, double>> points; // seconds, KiB
};

// The speed of one subject in one setting, by the metric that decides there.
struct Speed {
    Standing standing = Standing::kUnknown;
    std::optional<double> ratio{};       // times as fast; none for the reference itself
    statistics::Interval interval{1, 1}; // of the ratio; infinite bounds: too few samples
};

// The verdict on one subject in words, in a result with one setting.
struct Judged {
    std::size_t subject = 0;
    Standing speed = Standing::kUnknown;
    Standing memory = Standing::kUnknown;
    std::string speed_words;
    std::string memory_words;
};

struct Sample {
    std::vector<std::string> cells; // in the order of Findings::columns
};

struct Findings {
    std::string name;  // "larson, random_mixed under System, ashlar"
    std::string stand; // when and where it was measured, in a few words
    std::vector<std::pair<std::string, std::string>> provenance;
    std::vector<Subject> subjects; // the first is the reference
    std::vector<Setting> settings;
    std::vector<Sheet> sheets;
    std::vector<std::vector<Speed>> speed; // by setting and subject
    // Verdicts, worded like those of the command that measured: topics and sentences.
    std::vector<std::pair<std::string, std::string>> verdict;
    std::vector<Judged> judged; // empty for several settings
    std::vector<Curve> curves;
    std::vector<std::string> failures; // one sentence each
    std::vector<std::string> remarks;
    bool paired = true; // by rounds; otherwise ratios are of medians
    bool complete = true;
    unsigned processors = 0; // 0: unknown
    std::vector<std::string> columns;
    std::vector<Sample> samples;
};

inline constexpr std::size_t kReferenceSubject = 0;

// Sets the slots, which depend on the names of all subjects.
void give_slots(std::vector<Subject>& subjects);

// Returns better, worse or alike by the interval alone; unknown without an interval.
Standing standing_of(const Estimate& ratio, bool more_is_better);

// Returns whether the sheet has figures of this subject.
bool has_figures(const Sheet& sheet, std::size_t subject);

// Count the settings in which speed or peak RSS can be judged.
Tally speed_tally(const Findings& findings, std::size_t subject);
Tally memory_tally(const Findings& findings, std::size_t subject);

// Returns the geometric mean of a subject's ratios. Returns nothing unless every line of the group (all lines
// if it is empty) has a ratio.
std::optional<double> mean_ratio(const Findings& findings, const Sheet& sheet, const std::string& group,
                                 std::size_t subject);

// Adds to `verdict` a sentence per allocator about all settings.
void add_tallies(Findings& findings);

const Line* line_of(const Sheet& sheet, std::size_t setting);

// Returns the speeds by subject, where one sheet decides alone.
std::vector<Speed> speed_by(const Sheet& sheet, std::size_t setting, std::size_t subjects);

// Return geometric means over all settings with a known ratio.
std::optional<double> mean_speed(const Findings& findings, std::size_t subject);
std::optional<double> mean_memory(const Findings& findings, std::size_t subject);

// Return the intervals of these means. The errors of the parts are taken to be independent. The bounds are
// infinite if a part has no interval.
statistics::Interval speed_interval(const Findings& findings, std::size_t subject);
statistics::Interval memory_interval(const Findings& findings, std::size_t subject);

// Returns the sheet of peak RSS, or null.
const Sheet* memory_sheet(const Findings& findings);

// Splits "larson, 2 threads" or "malloc_free/64/threads:2" into series, threads and size, as far as present.
void read_axes(Setting& setting);

} // namespace ashlar::report
