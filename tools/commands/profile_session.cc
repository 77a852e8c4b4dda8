// SPDX-License-Identifier: MIT
#include "commands/profile_session.h"

#include "commands/session.h"
#include "machine/terminal.h"
#include "profile/heaptrack_summary.h"
#include "profile/read_recording.h"
#include "report/page/profile_page.h"
#include "report/profile/formats.h"
#include "report/profile/json.h"
#include "report/profile/text.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <ostream>
#include <regex>
#include <stdexcept>
#include <string>
#include <utility>

namespace ashlar::commands {

namespace {

using profile::Summary;
using profile::View;

std::optional<std::regex> pattern(const char* option, const std::string& text) {
    if (text.empty()) {
        return std::nullopt;
    }
    try {
        return std::regex(text);
    } catch (const std::regex_error&) {
        throw std::invalid_argument(
            fmt::format("{}: {} is no regular expression (ECMAScript)", option, text));
    }
}

profile::SummarySettings summary_settings(const ProfileOptions& options) {
    return {.temporary_within = options.temporary_within,
            .at = options.at,
            .thread = options.thread,
            .filter = {.focus = pattern("--focus", options.focus),
                       .ignore = pattern("--ignore", options.ignore),
                       .suppressions = options.suppressions.empty()
                                           ? profile::Suppressions()
                                           : profile::read_suppressions(options.suppressions)},
            .memory = !options.no_memory,
            .cache = !options.no_cache,
            .cpu = !options.no_cpu};
}

report::profile::ProfileTextSettings profile_text_settings(const ProfileOptions& options) {
    return {.text = text_settings(),
            .view = options.view,
            .top = options.top,
            .temporary_within = options.temporary_within,
            .at = options.at};
}

template <class Read>
bool add(Read read, std::vector<Summary>& summaries) {
    try {
        summaries.push_back(read());
        return true;
    } catch (const std::runtime_error& error) {
        machine::tell(stderr, "ashlar profile: {}\n", error.what());
        return false;
    }
}

double longest(const std::vector<Summary>& summaries) {
    double seconds = 0;
    for (const Summary& summary : summaries) {
        seconds = std::max(seconds, summary.seconds);
    }
    return seconds;
}

} // namespace

ProfileSession::ProfileSession(const ProfileOptions& options)
    : options_(options), settings_(summary_settings(options)), outputs_(options) {}

bool ProfileSession::read(const std::filesystem::path& file, std::vector<Summary>& summaries,
                          const profile::Successors& successors) {
    const auto read_one = [&] {
        profile::Recording recording = profile::read_recording(file);
        successors.end(recording);
        return recording;
    };
    return add(
        [&] {
            Summary summary = profile::is_heaptrack_file(file)
                                  ? profile::summarise(profile::read_heaptrack_file(file), frames_, settings_)
                                  : summarise(read_one());
            check_known(file, summary.recording);
            return summary;
        },
        summaries);
}
bool ProfileSession::read(const RecordedRun& run, const std::filesystem::path& file,
                          std::vector<Summary>& summaries) {
    return add([&] { return summarise(run.read(file)); }, summaries);
}
bool ProfileSession::read(const AttachedRun& run, std::vector<Summary>& summaries) {
    return add([&] { return summarise(run.read()); }, summaries);
}

bool ProfileSession::show_locks(LockView& locks, const std::vector<std::filesystem::path>& files) {
    const bool all = locks.read(files, symbolizer_, frames_);
    locks.show(frames_);
    locks_ = &locks.reports();
    return all;
}
void ProfileSession::show_no_memory() {
    if (locks_ != nullptr && !locks_->empty()) {
        write_page({}, nullptr);
    }
    show_notes();
}

void ProfileSession::check_moment(const std::vector<Summary>& summaries) const {
    const auto is_before_end = [&](const Summary& summary) { return summary.live_at.has_value(); };
    if (options_.at && std::none_of(summaries.begin(), summaries.end(), is_before_end)) {
        throw std::invalid_argument(
            fmt::format("--at: {:g} seconds is beyond the end: {:.2f} seconds were recorded", *options_.at,
                        longest(summaries)));
    }
}

void ProfileSession::show(std::vector<Summary>& summaries) {
    std::stable_sort(summaries.begin(), summaries.end(), [&](const Summary& one, const Summary& other) {
        return one.at(options_.view).total.bytes.value > other.at(options_.view).total.bytes.value;
    });
    say_if_nothing_matches(summaries);
    profile::share_peak(summaries, symbolizer_, frames_, settings_);
    if (!outputs_.takes_standard_output()) {
        const auto settings = profile_text_settings(options_);
        if (summaries.size() > 1) {
            machine::tell(stdout, "{}\n", report::profile::processes_text(summaries, settings));
        }
        machine::tell(stdout, "{}", report::profile::profile_text(summaries.front(), frames_, settings));
    }
    write_files(summaries);
    write_page(summaries, nullptr);
    show_notes();
}

void ProfileSession::say_if_over(const std::vector<Summary>& summaries) const {
    if (options_.at && *options_.at > longest(summaries)) {
        machine::tell(stderr,
                      "ashlar profile: --at {:g}: the command was over after {:.2f} seconds; what is live at "
                      "its end is shown\n",
                      *options_.at, longest(summaries));
    }
}

void ProfileSession::show_difference(const std::vector<Summary>& before, const std::vector<Summary>& after) {
    if (!outputs_.takes_standard_output()) {
        const auto found =
            profile::differences(before.front().at(options_.view).stacks,
                                 after.front().at(options_.view).stacks, frames_, options_.view);
        machine::tell(stdout, "{}",
                      report::profile::differences_text(found, frames_, profile_text_settings(options_)));
    }
    write("--flamegraph", [&](std::ostream& out) {
        report::profile::write_folded_difference(out, before, after, options_.view, frames_);
    });
    write_page(after, &before);
    show_notes();
}

Summary ProfileSession::summarise(profile::Recording recording) {
    return profile::summarise(std::move(recording), symbolizer_, frames_, settings_);
}

// Throws if the file lacks the data for the view or for --jeprof.
void ProfileSession::check_known(const std::filesystem::path& file,
                                 const profile::Recording& recording) const {
    if (!profile::knows(recording, options_.view)) {
        if (profile::is_of_cpu(options_.view)) {
            throw std::runtime_error(
                fmt::format("{} has no samples of the processor: record them with `ashlar profile --cpu -- "
                            "CMD`, or with --cpu and --pid",
                            file.string()));
        }
        throw std::runtime_error(fmt::format(
            "{}: {} gives no bytes for the view --{}; there are --peak, --live and --leaks", file.string(),
            recording.origin == profile::Origin::kJemalloc ? "jemalloc's profiler" : "heaptrack_print",
            profile::name_of(options_.view)));
    }
    if (recording.origin == profile::Origin::kHeaptrack && outputs_.find("--jeprof") != nullptr) {
        throw std::runtime_error(fmt::format("{}: --jeprof needs addresses, and heaptrack_print gives "
                                             "names; --pprof, --flamegraph and --speedscope have these",
                                             file.string()));
    }
}

void ProfileSession::say_if_nothing_matches(const std::vector<Summary>& summaries) const {
    const bool is_nothing = std::all_of(summaries.begin(), summaries.end(), [](const Summary& summary) {
        return summary.at(View::kAllocated).total.samples == 0 && summary.at(View::kCpu).total.samples == 0;
    });
    if (is_nothing && (!options_.focus.empty() || !options_.ignore.empty())) {
        machine::tell(stderr, "ashlar profile: no stack matches: --focus and --ignore leave nothing\n");
    }
    if (is_nothing && !options_.thread.empty()) {
        std::string names;
        for (const auto& thread : summaries.front().recording.threads) {
            names += thread.number == 0 ? "" : fmt::format(" {}={}", thread.number, thread.name);
        }
        machine::tell(stderr, "ashlar profile: --thread: no samples of a thread {}; there are:{}\n",
                      options_.thread, names);
    }
}

template <class Writer>
void ProfileSession::write(const char* option, Writer writer) const {
    if (const machine::OutputFile* const file = outputs_.find(option); file != nullptr) {
        file->write(writer);
    }
}

void ProfileSession::write_files(const std::vector<Summary>& summaries) {
    write("--json", [&](std::ostream& out) {
        report::profile::write_json(out, summaries, frames_, options_.temporary_within);
    });
    write("--flamegraph",
          [&](std::ostream& out) { report::profile::write_folded(out, summaries, options_.view, frames_); });
    write("--speedscope", [&](std::ostream& out) {
        report::profile::write_speedscope(out, summaries, options_.view, frames_);
    });
    write("--pprof",
          [&](std::ostream& out) { report::profile::write_pprof(out, summaries, options_.view, frames_); });
    write("--jeprof", [&](std::ostream& out) {
        const profile::Recording& recording = summaries.front().recording;
        report::profile::write_heap_v2(out, recording, options_.view,
                                       profile::view_settings(recording, settings_));
    });
}

void ProfileSession::write_page(const std::vector<Summary>& summaries, const std::vector<Summary>* before) {
    write("--html", [&](std::ostream& out) {
        out << report::page::profile_html({.summaries = summaries,
                                           .before = before,
                                           .locks = locks_,
                                           .frames = frames_,
                                           .first = options_.view,
                                           .temporary_within = options_.temporary_within,
                                           .notes = symbolizer_.notes()});
    });
}

void ProfileSession::show_notes() const {
    constexpr std::size_t kMost = 3;
    const std::vector<std::string> notes = symbolizer_.notes();
    for (std::size_t index = 0; index < std::min(kMost, notes.size()); ++index) {
        machine::tell(stderr, "ashlar profile: {}\n", notes[index]);
    }
    if (notes.size() > kMost) {
        machine::tell(stderr, "ashlar profile: and {} other files without names\n", notes.size() - kMost);
    }
}

} // namespace ashlar::commands
