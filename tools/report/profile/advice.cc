// SPDX-License-Identifier: MIT
#include "report/profile/advice.h"

#include "report/profile/quantities.h"

#include <cstring>
#include <fmt/format.h>

namespace ashlar::report::profile {

namespace {

using namespace ashlar::profile;

constexpr double kWorthALook = 0.1;     // of the peak
constexpr double kLargeShare = 0.5;     // of a view, by one site
constexpr double kNotWorthIt = 1 << 20; // bytes
constexpr std::uint64_t kFewSamples = 20;

double share(double part, double whole) {
    return whole > 0 ? part / whole : 0;
}

// Returns whether the amount is exact, or has enough samples to exclude chance.
bool is_firm(const Amount& amount) {
    return amount.bytes.variance == 0 || (amount.samples >= kFewSamples && amount.bytes.interval().low > 0);
}

// Returns whether the profiler was switched off before the program ended. Blocks left then are no leaks yet.
bool was_switched_off(const Recording& recording) {
    return recording.origin == Origin::kAshlar && !recording.exited &&
           recording.state == profile_format::State::kStopped;
}

// Returns "load_table at table.cc:42 has 80 % of it".
std::string largest_site(const ViewSummary& view, const Frames& frames) {
    const Site& site = view.sites.front();
    return fmt::format("{} has {} of it", words_for(frames[site.frame]),
                       percent_text(share(site.amount.bytes.value, view.total.bytes.value)));
}

} // namespace

std::vector<std::string> advice(const Summary& summary, const Frames& frames,
                                std::uint64_t temporary_within) {
    std::vector<std::string> sentences;
    const double peak = summary.at(View::kPeak).total.bytes.value;
    const ViewSummary& leaks = summary.at(View::kLeaks);
    const bool has_leaks =
        !leaks.sites.empty() && is_firm(leaks.total) && leaks.total.bytes.value >= kWorthALook * peak;
    if (has_leaks && was_switched_off(summary.recording)) {
        sentences.push_back(fmt::format("Leaks: {} were not freed while it was recorded. {}.",
                                        bytes_text(leaks.total.bytes), largest_site(leaks, frames)));
    } else if (has_leaks) {
        sentences.push_back(fmt::format(
            "Leaks: {} {} never freed. {}. Free it, or suppress it (--suppressions) if it is meant to stay.",
            bytes_text(leaks.total.bytes), summary.recording.exited ? "were" : "were not freed yet, maybe",
            largest_site(leaks, frames)));
    }
    const ViewSummary& allocated = summary.at(View::kAllocated);
    const ViewSummary& temporary = summary.at(View::kTemporary);
    if (!temporary.sites.empty() && is_firm(temporary.total) &&
        temporary.total.bytes.value >= kLargeShare * allocated.total.bytes.value &&
        allocated.total.bytes.value > 2 * peak) {
        sentences.push_back(
            fmt::format("Temporary: {} of all bytes were freed before another {} were allocated. {}. A "
                        "buffer that is kept and used again would save these calls.",
                        percent_text(share(temporary.total.bytes.value, allocated.total.bytes.value)),
                        bytes_text(static_cast<double>(temporary_within)), largest_site(temporary, frames)));
    }
    const ViewSummary& waste = summary.at(View::kWaste);
    if (!waste.sites.empty() && is_firm(waste.total) &&
        waste.total.bytes.value >= std::max(kWorthALook * peak, kNotWorthIt)) {
        sentences.push_back(
            fmt::format("Waste: live blocks keep {} of free memory from being given back. {}. Allocate "
                        "what lives long before or apart from what lives short.",
                        bytes_text(waste.total.bytes), largest_site(waste, frames)));
    }
    const ViewSummary& at_peak = summary.at(View::kPeak);
    if (!at_peak.sites.empty() && is_firm(at_peak.total) &&
        at_peak.sites.front().amount.bytes.value >= kLargeShare * peak) {
        sentences.push_back(
            fmt::format("Peak: {}. A smaller peak begins there.", largest_site(at_peak, frames)));
    }
    const ViewSummary& calls = summary.at(View::kAllocationCpu);
    const double processor = summary.at(View::kCpu).total.bytes.value;
    if (calls.total.samples >= kFewSamples && calls.total.bytes.value >= kWorthALook * processor) {
        sentences.push_back(fmt::format("Allocation: {} of the CPU time is the allocator's. {}. Allocate "
                                        "less often there: keep blocks and "
                                        "use them again, reserve room ahead.",
                                        percent_text(share(calls.total.bytes.value, processor)),
                                        largest_site(calls, frames)));
    }
    if (sentences.empty()) {
        sentences.emplace_back(
            allocated.total.samples == 0
                ? "Nothing was sampled: the program allocated little. Record with a smaller --rate, "
                  "or --rate 1 for every block."
            : !is_firm(allocated.total)
                ? "Too few blocks were sampled to tell where it pays to look."
                : "No place stands out: leaks, temporary blocks and waste are small, and the peak is "
                  "spread over several places.");
    }
    return sentences;
}

namespace {

std::string ending_text(const Recording& recording) {
    switch (recording.ending) {
    case Ending::kSignal: {
        const char* const name = sigabbrev_np(recording.signal);
        return name == nullptr ? fmt::format("The program was killed by signal {}", recording.signal)
                               : fmt::format("The program was killed by SIG{}", name);
    }
    case Ending::kNoHandlers:
        return "The program ended without its exit handlers (_exit, quick_exit)";
    case Ending::kOver:
        return "The program was killed, or ended without its exit handlers (_exit, quick_exit)";
    case Ending::kReplaced:
        return "The process executed another program (exec)";
    case Ending::kStillRuns:
        return "The program still runs";
    case Ending::kUnknown:
        break;
    }
    return "The program was killed, ended without its exit handlers (_exit, exec), or still runs";
}

} // namespace

std::vector<std::string> cut_short(const Summary& summary) {
    const Recording& recording = summary.recording;
    std::vector<std::string> sentences;
    if (recording.state == profile_format::State::kFull) {
        sentences.emplace_back(
            "The file was full before the program ended: what came later is missing, and blocks freed "
            "later count as live. Record with a larger --rate or --limit.");
    } else if (!recording.exited && recording.state != profile_format::State::kStopped) {
        sentences.push_back(fmt::format("{}: this is what there was after {}.", ending_text(recording),
                                        seconds_text(summary.seconds)));
    }
    if (recording.is_truncated) {
        sentences.emplace_back("The end of the file is missing, and with it what was recorded there; blocks "
                               "whose release is missing count as live. Copy it again.");
    }
    return sentences;
}

std::vector<std::string> cache_sentences(const Summary& summary) {
    if (!summary.cache) {
        return {};
    }
    const CacheFigures& cache = *summary.cache;
    std::vector<std::string> sentences;
    const std::string up_to = bytes_text(static_cast<double>(kLargestCached));
    if (const auto rate = cache.hit_rate(); !rate) {
        sentences.push_back(fmt::format("Hit rate: not known, for no request up to {} was sampled.", up_to));
    } else if (cache.is_counted) {
        sentences.push_back(fmt::format("Hit rate: {} of {} requests up to {} (exact: count:true).",
                                        percent_text(*rate), count_text(cache.requests), up_to));
    } else {
        const auto interval = *cache.hit_interval();
        sentences.push_back(fmt::format(
            "Hit rate: about {} ({} to {}) of requests up to {}, an estimate: refills are counted, requests "
            "sampled.",
            percent_text(*rate), percent_text(interval.low), percent_text(interval.high), up_to));
    }
    const std::string times =
        cache.refill_seconds ? fmt::format("{} in all threads together", seconds_text(*cache.refill_seconds))
                             : std::string("their time is measured with ASHLAR_CONF=count:true");
    sentences.push_back(fmt::format(
        "Refills: {}{}; {}.", cache.refills,
        cache.seconds > 0 ? fmt::format(", {:.3g}/s", static_cast<double>(cache.refills) / cache.seconds)
                          : std::string(),
        times));
    sentences.push_back(
        cache.fallback_calls == 0
            ? std::string("Fallback: no request went to the malloc behind Ashlar.")
            : fmt::format("Fallback: {} requests went to the malloc behind Ashlar, about {} of all.",
                          cache.fallback_calls, percent_text(cache.fallback_rate())));
    return sentences;
}

std::vector<std::string> cpu_sentences(const Summary& summary) {
    if (!summary.cpu) {
        return {};
    }
    const CpuFigures& cpu = *summary.cpu;
    const Amount& all = summary.at(View::kCpu).total;
    const Amount& allocator = summary.at(View::kAllocationCpu).total;
    std::vector<std::string> sentences;
    std::string way;
    if (cpu.period > 0) {
        way = fmt::format(", by a sample each {} µs of a thread's CPU time", microseconds_text(cpu.period));
    }
    sentences.push_back(fmt::format("CPU time: {} µs used by all threads; {} of it is known{}.",
                                    microseconds_text(cpu.used), percent_text(share(cpu.sampled, cpu.used)),
                                    way));
    std::string operations;
    constexpr std::size_t kMost = 4;
    for (std::size_t index = 0; index < std::min(kMost, cpu.operations.size()); ++index) {
        const auto& [name, amount] = cpu.operations[index];
        operations += fmt::format("{}{} {}", index == 0 ? ": " : ", ", name.empty() ? "others" : name,
                                  percent_text(share(amount.bytes.value, all.bytes.value)));
    }
    sentences.push_back(fmt::format("Allocator: {} of that, {} µs{}.",
                                    percent_text(share(allocator.bytes.value, all.bytes.value)),
                                    microseconds_text(allocator.bytes), operations));
    return sentences;
}

namespace {

void add_cpu_cautions(const Summary& summary, std::vector<std::string>& sentences) {
    if (!summary.cpu) {
        return;
    }
    const CpuFigures& cpu = *summary.cpu;
    if (cpu.state == profile_format::CpuState::kSignalInUse) {
        sentences.emplace_back(
            "The program handles SIGURG itself, so its CPU time was not sampled from then on.");
    } else if (cpu.state == profile_format::CpuState::kNoThread) {
        sentences.emplace_back("CPU time was not sampled: the process could have no thread for that (a limit "
                               "on processes or memory).");
    }
    constexpr double kMuch = 0.1;
    constexpr double kLong = 100'000;
    if (cpu.state == profile_format::CpuState::kSamples && cpu.used - cpu.sampled > kMuch * cpu.used &&
        cpu.used > kLong) {
        sentences.push_back(fmt::format("{} of the CPU time has no samples: threads that ended within some "
                                        "milliseconds, or that block SIGURG.",
                                        percent_text(share(cpu.used - cpu.sampled, cpu.used))));
    }
    if (cpu.lost > 0 || cpu.unwatched > 0) {
        sentences.push_back(fmt::format("{} samples of CPU time could not be recorded, and {} threads had no "
                                        "timer (RLIMIT_SIGPENDING).",
                                        cpu.lost, cpu.unwatched));
    }
}

} // namespace

std::vector<std::string> cautions(const Summary& summary) {
    const Recording& recording = summary.recording;
    std::vector<std::string> sentences;
    if (recording.origin == Origin::kHeaptrack) {
        sentences.emplace_back("Blocks are all that a place ever allocated: heaptrack_print does not say how "
                               "many of them are in a view.");
    }
    if (recording.lost > 0 && recording.state != profile_format::State::kFull) {
        sentences.push_back(
            fmt::format("{} samples could not be recorded: there was no room for them.", recording.lost));
    }
    if (recording.damaged > 0) {
        sentences.push_back(fmt::format("The file is damaged in {} place{}; the records around are used.",
                                        recording.damaged, recording.damaged == 1 ? "" : "s"));
    }
    add_cpu_cautions(summary, sentences);
    const std::uint64_t samples = summary.at(View::kAllocated).total.samples;
    if (recording.rate > 1 && samples > 0 && samples < kFewSamples) {
        // a smaller rate would change nothing
        const bool is_bounded = recording.longest_distance > recording.rate;
        sentences.push_back(
            fmt::format("Only {} blocks were sampled, so the intervals are wide: record with a {}.", samples,
                        is_bounded ? "larger --cost" : "smaller --rate"));
    }
    const double wanted = recording.rate > 1
                              ? static_cast<double>(recording.allocated) / static_cast<double>(recording.rate)
                              : 0;
    constexpr double kMuchFewer = 4;
    if (recording.longest_distance > recording.rate &&
        static_cast<double>(recording.samples.size()) * kMuchFewer < wanted) {
        sentences.push_back(
            fmt::format("Samples came too fast: {} were taken of some {} that --rate would give. "
                        "--cost 0 takes all of them, and slows the program more.",
                        recording.samples.size(), count_text(wanted)));
    }
    return sentences;
}

} // namespace ashlar::report::profile
