// SPDX-License-Identifier: MIT
// What a report says, whichever tool measured it: who was compared, on what, by which quantities, with every
// sample behind each figure. Markdown, CSV and HTML are written from this and know nothing of where it
// comes from.
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
    std::size_t slot = 0; // its colour and shape in pictures, see give_slots
    std::string library;
    std::string package;
    std::string sha256;
};

struct Setting {        // a configuration: one command, one benchmark
    std::string name;   // "random_mixed, 64 B"
    std::string group;  // what a mean is taken over
    std::string series; // the name without threads and size: what a line over these is drawn for
    unsigned threads = 1;
    std::optional<double> size; // of a block, where the name tells
    std::string size_words;     // "64", "16-1024"
    bool oversubscribed = false;
    std::string command;
    std::vector<std::pair<std::string, std::string>> parameters; // name and value
};

struct Estimate {
    double median = 1;
    statistics::Interval interval{1, 1}; // infinite bounds: too few samples for one
};

struct Entry { // of one subject in one setting
    std::optional<Estimate> value;
    std::optional<Estimate> ratio; // to the reference's; nothing for the reference itself
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
    double scale = 1; // values are divided by it for people
    int decimals = 1;
    bool more_is_better = false;
    bool is_speed = false; // of those that rank allocators by time
    bool is_memory = false;
    bool is_central = true; // else shown folded
    std::vector<Line> lines;
};

// How a subject's memory grew in one run.
struct Curve {
    std::size_t setting = 0;
    std::size_t subject = 0;
    int round = 0;
    std::vector<std::pair<double, double>> points; // seconds, KiB
};

// Of one subject in one setting, by whatever decides there.
struct Speed {
    Standing standing = Standing::kUnknown;
    std::optional<double> ratio{};       // how many times as fast; nothing for the reference itself
    statistics::Interval interval{1, 1}; // of the ratio; infinite bounds: too few samples for one
};

// Of a result of one setting: what follows for one subject, in words.
struct Judged {
    std::size_t subject = 0;
    Standing speed = Standing::kUnknown;
    Standing memory = Standing::kUnknown;
    std::string speed_words;
    std::string memory_words;
};

struct Sample {
    std::vector<std::string> cells; // as Findings::columns names them
};

struct Findings {
    std::string name;  // "larson, random_mixed under System, ashlar"
    std::string stand; // when and where it was measured, a few words
    std::vector<std::pair<std::string, std::string>> provenance;
    std::vector<Subject> subjects; // the first one is the reference
    std::vector<Setting> settings;
    std::vector<Sheet> sheets;
    std::vector<std::vector<Speed>> speed; // by setting and subject
    // What follows, as the command that measured it says it: sentences, each with what it is about.
    std::vector<std::pair<std::string, std::string>> verdict;
    std::vector<Judged> judged; // empty for several settings
    std::vector<Curve> curves;
    std::vector<std::string> failures; // one sentence each
    std::vector<std::string> remarks;
    bool paired = true; // by rounds; else ratios are those of medians
    bool complete = true;
    unsigned processors = 0; // 0: not known
    std::vector<std::string> columns;
    std::vector<Sample> samples;
};

inline constexpr std::size_t kReferenceSubject = 0;

// By the names of all subjects.
void give_slots(std::vector<Subject>& subjects);

// Better, worse or alike by the interval alone; unknown without one.
Standing standing_of(const Estimate& ratio, bool more_is_better);

// Is anything of this sheet known of this subject?
bool has_figures(const Sheet& sheet, std::size_t subject);

// Of the settings in which speed, and peak RSS, can be judged.
Tally speed_tally(const Findings& findings, std::size_t subject);
Tally memory_tally(const Findings& findings, std::size_t subject);

// Geometric mean of the ratios of a subject; nothing unless every line of the group (all, if empty) has one.
std::optional<double> mean_ratio(const Findings& findings, const Sheet& sheet, const std::string& group,
                                 std::size_t subject);

// A sentence an allocator about all settings, into `verdict`.
void add_tallies(Findings& findings);

const Line* line_of(const Sheet& sheet, std::size_t setting);

// By subject, where one sheet decides alone.
std::vector<Speed> speed_by(const Sheet& sheet, std::size_t setting, std::size_t subjects);

// Geometric means over all settings of which the ratio is known.
std::optional<double> mean_speed(const Findings& findings, std::size_t subject);
std::optional<double> mean_memory(const Findings& findings, std::size_t subject);

// In which those means lie: the intervals of their parts, taken to err independently of each other. Infinite
// bounds if a part has none.
statistics::Interval speed_interval(const Findings& findings, std::size_t subject);
statistics::Interval memory_interval(const Findings& findings, std::size_t subject);

// The sheet of peak RSS, or null.
const Sheet* memory_sheet(const Findings& findings);

// "larson, 2 threads", "malloc_free/64/threads:2": series, threads, size, as far as the name tells.
void read_axes(Setting& setting);

} // namespace ashlar::report
