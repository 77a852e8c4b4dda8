// SPDX-License-Identifier: MIT
// ashlar stats: what the memory of a process is used for, with a verdict.
#include "commands/command.h"
#include "commands/number_range.h"
#include "commands/process_number.h"
#include "commands/session.h"
#include "commands/subject_obstacle.h"
#include "machine/files.h"
#include "machine/interrupt.h"
#include "machine/output_file.h"
#include "machine/terminal.h"
#include "observe/snapshot.h"
#include "observe/verdict.h"
#include "report/memory_report.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <fmt/format.h>
#include <memory>
#include <poll.h>
#include <stdexcept>

namespace ashlar::commands {

namespace {

using observe::HeapReading;
using observe::Snapshot;
using observe::Subject;
using Clock = std::chrono::steady_clock;

struct Options {
    std::string process;
    double interval = 2;
    std::string json;
    std::string prometheus;
    std::string diff;
};

constexpr const char* kFooter = R"(Examples:
  ashlar stats 1234                        two readings, two seconds apart, and what they say
  ashlar stats 1234 --interval 60          finds a slow leak
  ashlar stats 1234 --json before.json     keep a reading,
  ashlar stats 1234 --diff before.json     and see later what has changed
  ashlar stats 1234 --interval 0 --prometheus /var/lib/node_exporter/ashlar.prom

The process runs on and is not asked: its mappings are read from /proc, its heap's tables from its memory. The parts of
the first table add up to its RSS. The kernel must permit reading the memory, as it does to root and, unless Yama
(kernel.yama.ptrace_scope) is strict, to the process's own user. If it does not, what is missing is named, and what the
mappings or the status alone tell is shown.

Verdicts:
  leak suspected    the live memory grew steadily over an interval of a second or more
  cache             most of the memory is live; it grew while it was watched, and then stayed
  in use            most of the memory is live, and it does not grow steadily
  retained          most of it is free and kept for requests to come
  fragmented        most of it is free in slabs that other blocks still use
  huge pages        most of it was never touched, and is there because huge pages span it
  not the heap      most of it is stacks, files, shared or other anonymous memory
  undecided         nothing makes more than half of it

Exit status: 0 if all was read, 1 if there is no such process, if it does not run on Ashlar or ended meanwhile, 2 for wrong arguments, 125 if the heap's tables may not be read, 128 and the number of the signal if interrupted (130 by Ctrl-C; what was read is shown).)";

double now_seconds() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

int refuse(const std::string& why) {
    machine::tell(stderr, "ashlar stats: {}\n", why);
    return kSomethingFailed;
}

// Readings of the live memory, from the first to the last.
struct Watch {
    std::vector<std::uint64_t> live;
    std::optional<HeapReading> first;
    Clock::time_point begin;
};

// Returns false if a signal or the end of the process ended the wait early.
bool wait_until(Clock::time_point moment, const machine::Interrupt& interrupt,
                const machine::Descriptor& end) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(moment - Clock::now()).count();
        constexpr std::int64_t kLongest = 3'600'000;
        std::array<pollfd, 2> wait{pollfd{.fd = interrupt.number(), .events = POLLIN, .revents = 0},
                                   pollfd{.fd = end.number(), .events = POLLIN, .revents = 0}};
        const int timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, kLongest));
        if (poll(wait.data(), wait.size(), timeout) > 0) {
            return false;
        }
        if (left <= 0) {
            return true;
        }
    }
}

// Returns false if ended early.
bool watch(const Subject& subject, double seconds, const machine::Interrupt& interrupt, Watch& seen) {
    constexpr int kSteps = static_cast<int>(observe::kReadings) - 1;
    const auto step =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds / kSteps));
    const machine::Descriptor end = subject.end();
    for (int index = 1; index < kSteps; ++index) {
        if (!wait_until(seen.begin + index * step, interrupt, end)) {
            return false;
        }
        const auto heap = subject.read_heap();
        if (!heap) {
            return false;
        }
        seen.live.push_back(heap->live());
    }
    return wait_until(seen.begin + kSteps * step, interrupt, end);
}

// Returns the size of the blocks that grew most, in bytes, or 0 for large blocks.
std::uint64_t growing_size(const HeapReading& before, const HeapReading& now) {
    std::uint64_t size = 0;
    std::uint64_t most = now.live_large - std::min(now.live_large, before.live_large);
    for (std::size_t c = 1; c < std::min(now.classes.size(), before.classes.size()); ++c) {
        const std::uint64_t live = now.classes[c].live();
        const std::uint64_t grown = (live - std::min(live, before.classes[c].live())) * now.classes[c].size;
        if (grown > most) {
            most = grown;
            size = now.classes[c].size;
        }
    }
    return size;
}

std::uint64_t sparse_size(const Snapshot& snapshot) {
    std::uint64_t size = 0;
    std::uint64_t most = 0;
    for (std::size_t c = 1; c < snapshot.memory->classes.size(); ++c) {
        if (snapshot.memory->classes[c].free_present > most) {
            most = snapshot.memory->classes[c].free_present;
            size = snapshot.heap->classes[c].size;
        }
    }
    return size;
}

observe::Evidence evidence_of(const Snapshot& now, pid_t process, const Watch& seen) {
    observe::Evidence evidence{.process = process, .ledger = now.ledger, .live = seen.live};
    evidence.is_heap_split = now.heap.has_value();
    if (now.heap && now.memory) {
        evidence.sparse_size = sparse_size(now);
    }
    if (now.heap && seen.first && seen.live.size() > 1) {
        evidence.seconds = std::chrono::duration<double>(now.time - seen.begin).count();
        evidence.growing_size = growing_size(*seen.first, *now.heap);
        evidence.is_idle =
            now.heap->refills() == seen.first->refills() && now.heap->flushes() == seen.first->flushes();
    }
    return evidence;
}

// Judges the report with an earlier reading as the first one.
void compare_with(const report::EarlierReading& before, report::MemoryReport& report) {
    const bool is_same = before.process == report.process && before.start_time == report.start_time;
    if (!is_same) {
        report.note =
            "the earlier reading is of another process, so how much this one grew since is not known";
    }
    observe::Evidence evidence = evidence_of(report.now, report.process, {});
    if (is_same && before.live && report.now.heap) {
        evidence.since =
            observe::Change{.bytes = static_cast<std::int64_t>(report.now.heap->live() - *before.live),
                            .seconds = report.time - before.time};
        std::int64_t most = 0;
        for (const observe::ClassReading& row : report.now.heap->classes) {
            const auto found = before.live_blocks.find(row.size);
            const std::uint64_t blocks = found == before.live_blocks.end() ? 0 : found->second;
            const auto grown = static_cast<std::int64_t>((row.live() - blocks) * row.size);
            if (grown > most) {
                most = grown;
                evidence.since->growing_size = row.size;
            }
        }
    }
    report.before = before;
    report.judgement = observe::judge(evidence);
}

int show(const Options& options, const report::MemoryReport& report) {
    const auto goes_to_output = [](const std::string& file) { return file == machine::kStandardOutput; };
    if (!goes_to_output(options.json) && !goes_to_output(options.prometheus)) {
        machine::tell(stdout, "{}", report::memory_text(report, text_settings()));
    }
    if (!options.json.empty()) {
        machine::OutputFile(options.json).write([&](std::ostream& out) { write_memory_json(out, report); });
    }
    if (!options.prometheus.empty()) {
        machine::OutputFile(options.prometheus).write([&](std::ostream& out) {
            write_memory_prometheus(out, report);
        });
    }
    return report.refusal ? kOwnFailure : kSuccess;
}

report::EarlierReading read_earlier(const std::string& path) {
    const auto text = machine::read_file(path);
    if (!text) {
        throw std::invalid_argument(
            fmt::format("--diff: {} cannot be read; write one with --json first", path));
    }
    try {
        return report::read_memory_json(*text);
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument(fmt::format("--diff: {} {}", path, error.what()));
    }
}

int run_stats(const Options& options) {
    const pid_t process = process_number(options.process);
    if (options.json == machine::kStandardOutput && options.prometheus == machine::kStandardOutput) {
        throw std::invalid_argument("--json - and --prometheus - cannot share the standard output");
    }
    std::optional<report::EarlierReading> before;
    if (!options.diff.empty()) {
        before = read_earlier(options.diff);
    }
    const Subject subject(process);
    if (const auto why = obstacle(subject)) {
        return refuse(*why);
    }
    const machine::Interrupt interrupt;
    auto first = subject.read();
    if (!first) {
        return refuse(
            subject.is_alive()
                ? fmt::format("the memory of process {} changed while it was read, as when it executes "
                              "another program; try again",
                              process)
                : fmt::format("process {} ended while it was read", process));
    }
    report::MemoryReport report{.process = process,
                                .start_time = subject.start_time(),
                                .time = now_seconds(),
                                .library =
                                    subject.library() ? subject.library()->path : subject.library_path(),
                                .version = subject.library() ? subject.library()->version : "",
                                .refusal = subject.refusal(),
                                .now = std::move(*first),
                                .before = std::nullopt,
                                .judgement = {},
                                .note = ""};
    if (before) {
        compare_with(*before, report);
        return show(options, report);
    }
    Watch seen{.live = {}, .first = report.now.heap, .begin = report.now.time};
    if (!report.now.heap || options.interval == 0) {
        report.judgement = observe::judge(evidence_of(report.now, process, seen));
        return show(options, report);
    }
    seen.live.push_back(report.now.heap->live());
    std::optional<Snapshot> last;
    if (watch(subject, options.interval, interrupt, seen)) {
        last = subject.read();
    }
    int status = kSuccess;
    if (last && last->heap) {
        seen.live.push_back(last->heap->live());
        report.before = report::earlier(report);
        report.now = std::move(*last);
        report.time = now_seconds();
    } else if (interrupt.requested()) {
        report.note = "interrupted: this is the first reading";
        status = kBySignal + interrupt.signal();
    } else {
        report.note = "the process ended while it was watched: this is the first reading";
        status = kSomethingFailed;
    }
    report.judgement = observe::judge(evidence_of(report.now, process, last ? seen : Watch{}));
    const int shown = show(options, report);
    return status == kSuccess ? shown : status;
}

} // namespace

void add_stats(CLI::App& app, Action& action) {
    auto options = std::make_shared<Options>();
    CLI::App* const stats =
        app.add_subcommand("stats", "Tell what the memory of a process is used for: leak, cache, in use, "
                                    "retained, fragmented, or not the heap");
    stats->footer(kFooter);
    stats->add_option("process", options->process, "The number of a process that runs on Ashlar")
        ->type_name("PID")
        ->required();
    stats->add_option("--interval", options->interval, "Seconds between two readings; 0: one reading only")
        ->check(between(0, 86'400))
        ->capture_default_str()
        ->type_name("SECONDS");
    stats
        ->add_option(
            "--diff", options->diff,
            "Compare with an earlier reading, written with --json, instead of waiting for a second one; "
            "tells what grew, not whether it grows steadily")
        ->type_name("FILE");
    stats
        ->add_option("--json", options->json,
                     "Write the reading to this file; - for the standard output, in place of the text")
        ->type_name("FILE");
    stats
        ->add_option("--prometheus", options->prometheus,
                     "Write the reading for Prometheus (text exposition format); - as with --json")
        ->type_name("FILE");
    stats->callback([options, &action] { action = [options] { return run_stats(*options); }; });
}

} // namespace ashlar::commands
