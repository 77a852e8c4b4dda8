// SPDX-License-Identifier: MIT
// ashlar top: a live view of the processes that run on Ashlar.
#include "commands/busy_sites.h"
#include "commands/command.h"
#include "commands/number_range.h"
#include "commands/process_number.h"
#include "commands/subject_obstacle.h"
#include "machine/interrupt.h"
#include "machine/terminal.h"
#include "observe/snapshot.h"
#include "process/files.h"
#include "screen/terminal.h"
#include "screen/top_keys.h"
#include "screen/top_state.h"
#include "screen/top_views.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <unistd.h>

namespace ashlar::commands {

namespace {

using observe::Subject;
using screen::TopState;
using screen::Watched;
using Clock = std::chrono::steady_clock;

struct Options {
    std::string process;
    double delay = 2;
};

constexpr const char* kFooter = R"(Examples:
  ashlar top           every process of this machine that runs on Ashlar and may be read
  ashlar top 1234      one process: what its memory is used for, its history, its classes and threads

Keys: q quits, h shows all of them. Arrows, PgUp and PgDn move, Enter opens a process, Esc goes back, d sets the delay; M, P, L, F and N sort by memory, allocation rate, live memory, free memory and number, R turns the order round, < and > sort by the column to the left and right.

While the profiler of the process that is shown is on (`ashlar profile --pid`, or its setting profile), the call sites that ask for most memory are shown, too: by what was sampled in the last ten seconds.

What `ashlar stats` says about the parts of memory and about rights holds here, too. Allocation rates are estimates: they are taken from what flows from slabs into thread caches.

Exit status: 0 if it was left with q, 1 if the process does not exist, does not run on Ashlar or has ended, or there is no terminal, 2 for wrong arguments, 128 and the number of the signal if interrupted.)";

// The processes that were found. Each is read again on every look.
class Watch {
  public:
    explicit Watch(std::optional<pid_t> only) : only_(only) {}

    // Reads all processes once, and updates the state.
    void look(TopState& state) {
        if (only_) {
            begin(*only_);
        } else {
            find_new();
        }
        for (auto next = subjects_.begin(); next != subjects_.end();) {
            next = look_at(*next->second, state) ? std::next(next) : forget(next, state);
        }
        sort_processes(state);
    }

  private:
    struct Entry {
        explicit Entry(pid_t process) : subject(process) {}
        Subject subject;
        BusySites sites;
        std::map<pid_t, std::uint64_t> processor_times; // of threads
        Clock::time_point time;
    };
    using Subjects = std::map<pid_t, std::unique_ptr<Entry>>;

    void begin(pid_t process) {
        if (!subjects_.contains(process)) {
            auto entry = std::make_unique<Entry>(process);
            const Subject::State found = entry->subject.state();
            if (found == Subject::State::kReadable || found == Subject::State::kMappings ||
                (only_ && found == Subject::State::kSums)) {
                subjects_.emplace(process, std::move(entry));
            }
        }
    }

    // A program, and when it was first seen. At its start it has not loaded any library yet, Ashlar included.
    struct Seen {
        std::string program;
        Clock::time_point since;
    };

    // Finds new processes. Examines each only in its first seconds, because this costs more than checking
    // whether the program is still the same.
    void find_new() {
        std::map<pid_t, Seen> seen;
        constexpr std::chrono::seconds kBeginning{3};
        const auto now = Clock::now();
        for (const pid_t process : process::all_processes()) {
            const process::Files files(process);
            const auto start = process::parse_start_time(files.read("stat").value_or(""));
            const std::string program =
                files.link("exe").value_or("") + " " + std::to_string(start.value_or(0));
            const auto before = seen_.find(process);
            const bool is_new = before == seen_.end() || before->second.program != program;
            const auto since = is_new ? now : before->second.since;
            if (process != getpid() && now - since < kBeginning) {
                begin(process);
            }
            seen.emplace(process, Seen{.program = program, .since = since});
        }
        seen_ = std::move(seen);
    }

    static Watched& line_of(pid_t process, TopState& state) {
        const auto found = std::find_if(state.processes.begin(), state.processes.end(),
                                        [&](const Watched& each) { return each.process == process; });
        if (found != state.processes.end()) {
            return *found;
        }
        state.processes.push_back({.process = process, .now = {}, .rates = {}, .closed = {}, .threads = {}});
        return state.processes.back();
    }

    // Returns false if the process has ended.
    static bool look_at(Entry& entry, TopState& state) {
        auto snapshot = entry.subject.read();
        if (!snapshot) {
            return false;
        }
        Watched& line = line_of(entry.subject.process(), state);
        const double seconds = std::chrono::duration<double>(snapshot->time - entry.time).count();
        line.rates.reset();
        if (snapshot->heap && line.now.heap) {
            line.rates = observe::rates_between(*line.now.heap, *snapshot->heap, seconds);
        }
        line.closed = entry.subject.refusal() ? entry.subject.refusal()->cause : "";
        line.now = std::move(*snapshot);
        line.sites.reset();
        if (state.alone == line.process) {
            line.sites = entry.sites.look(entry.subject);
        }
        line.history.push_back(screen::point_of(line.now.ledger));
        constexpr std::size_t kLongest = 1000;
        if (line.history.size() > kLongest) {
            line.history.pop_front();
        }
        look_at_threads(entry, seconds, line);
        entry.time = line.now.time;
        return true;
    }

    static void look_at_threads(Entry& entry, double seconds, Watched& line) {
        const process::Files files(line.process);
        const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
        std::map<pid_t, std::uint64_t> times;
        line.threads.clear();
        for (const pid_t thread : files.threads()) {
            const std::string folder = "task/" + std::to_string(thread);
            const auto time =
                process::parse_processor_time(files.read((folder + "/stat").c_str()).value_or(""));
            if (!time) {
                continue;
            }
            std::string name = files.read((folder + "/comm").c_str()).value_or("");
            name = name.substr(0, name.find('\n'));
            const auto before = entry.processor_times.find(thread);
            const double used =
                before == entry.processor_times.end() || seconds <= 0
                    ? 0
                    : static_cast<double>(*time - std::min(before->second, *time)) / ticks / seconds;
            line.threads.push_back({.number = thread, .name = std::move(name), .processor = used});
            times.emplace(thread, *time);
        }
        std::stable_sort(line.threads.begin(), line.threads.end(),
                         [](const auto& a, const auto& b) { return a.processor > b.processor; });
        entry.processor_times = std::move(times);
    }

    Subjects::iterator forget(Subjects::iterator subject, TopState& state) {
        const pid_t process = subject->first;
        std::erase_if(state.processes, [&](const Watched& each) { return each.process == process; });
        if (state.alone == process) {
            state.alone.reset();
            state.first = 0;
            state.message = fmt::format("process {} has ended", process);
        }
        seen_.erase(process); // it may have executed another program on Ashlar
        return subjects_.erase(subject);
    }

    std::optional<pid_t> only_;
    Subjects subjects_;
    std::map<pid_t, Seen> seen_;
};

constexpr double kLeastDelay = 0.1;
constexpr double kMostDelay = 3600;

void ask_for_delay(screen::Terminal& terminal, TopState& state) {
    const auto answer = terminal.ask(fmt::format("seconds between looks (now {:.3g}): ", state.delay));
    if (!answer || answer->empty()) {
        return;
    }
    double seconds = 0;
    const auto [stop, error] = std::from_chars(answer->data(), answer->data() + answer->size(), seconds);
    if (error != std::errc() || stop != answer->data() + answer->size() || !(seconds >= kLeastDelay) ||
        seconds > kMostDelay) {
        state.message = fmt::format("'{}' is no number from {} to {}", *answer, kLeastDelay, kMostDelay);
        return;
    }
    state.delay = seconds;
}

struct Left {
    int status = kSuccess;
    bool has_ended = false; // the requested process
};

Left show(std::optional<pid_t> only, double delay, const machine::Interrupt& interrupt) {
    screen::Terminal terminal(interrupt);
    TopState state;
    state.delay = delay;
    state.alone = only;
    state.is_only = only.has_value();
    Watch watch(only);
    for (;;) {
        watch.look(state);
        const auto next = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                             std::chrono::duration<double>(state.delay));
        for (bool looks = false; !looks;) {
            if (only && state.processes.empty()) {
                return {.status = kSomethingFailed, .has_ended = true};
            }
            screen::Canvas canvas(terminal.rows(), terminal.columns());
            draw(state, canvas);
            terminal.show(canvas);
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
            const auto pressed = terminal.wait(std::max(left, std::chrono::milliseconds(0)));
            if (interrupt.requested()) {
                return {.status = kBySignal + interrupt.signal()};
            }
            if (pressed.key == screen::Key::kNone) {
                looks = Clock::now() >= next;
                continue;
            }
            const screen::Request request = press(state, pressed, terminal.rows());
            if (request == screen::Request::kQuit) {
                return {};
            }
            if (request == screen::Request::kDelay) {
                ask_for_delay(terminal, state);
            }
            looks = request != screen::Request::kNothing;
        }
    }
}

int run_top(const Options& options) {
    std::optional<pid_t> only;
    if (!options.process.empty()) {
        only = process_number(options.process);
        if (const auto why = obstacle(Subject(*only))) {
            machine::tell(stderr, "ashlar top: {}\n", *why);
            return kSomethingFailed;
        }
    }
    const machine::Interrupt interrupt;
    const Left left = show(only, options.delay, interrupt);
    if (left.has_ended) {
        machine::tell(stderr, "ashlar top: process {} has ended\n", *only);
    }
    return left.status;
}

} // namespace

void add_top(CLI::App& app, Action& action) {
    auto options = std::make_shared<Options>();
    CLI::App* const top = app.add_subcommand("top", "Show the memory of processes that run on Ashlar, live");
    top->footer(kFooter);
    top->add_option("process", options->process,
                    "The number of a process; without one, all that run on Ashlar")
        ->type_name("PID");
    top->add_option("-d,--delay", options->delay, "Seconds between two looks")
        ->check(between(kLeastDelay, kMostDelay))
        ->capture_default_str()
        ->type_name("SECONDS");
    top->callback([options, &action] { action = [options] { return run_top(*options); }; });
}

} // namespace ashlar::commands
