// SPDX-License-Identifier: MIT
// ashlar repeat: one command many times, to catch what goes wrong only sometimes.
#include "allocators/find.h"
#include "commands/command.h"
#include "commands/session.h"
#include "machine/files.h"
#include "measure/child.h"
#include "measure/stacks.h"
#include "measure/time_limit.h"
#include "report/progress_line.h"
#include "statistics/proportion.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <memory>
#include <stdexcept>

namespace ashlar::commands {

namespace {

struct Options {
    std::vector<std::string> command;
    int times = 100;
    std::optional<double> timeout;
    std::string allocator;
    std::string stacks;
};

constexpr const char* kFooter = R"(Examples:
  ashlar repeat --times 500 --timeout 10 -- ./tests --filter queue
  ashlar repeat --allocator ashlar --times 200 -- python3 script.py
  ashlar repeat --allocator mine=/opt/lib/libmine.so --stacks . -- ./server --self-test

A run fails if it ends with a status other than 0, is killed by a signal, or exceeds its time. The stacks of all
threads of one that hangs are saved (by gdb if it is installed, in any case as /proc tells them) before its process
group is ended. The rate of failures comes with the interval that holds the true rate 95 times of 100.

Exit status: 0, 1 if a run failed, 2 for wrong arguments, 126 or 127 if the command cannot be run or found,
130 if interrupted (what there is is shown).)";

struct Count {
    int runs = 0;
    int failures = 0;
    std::map<std::string, int> kinds; // how they ended
};

std::string summary(const Count& count) {
    if (count.runs == 0) {
        return "No run has ended.\n";
    }
    const auto interval = statistics::proportion_interval(count.failures, count.runs);
    std::string text =
        fmt::format("{} of {} runs failed: {:.2f} % (95 % interval {:.2f} to {:.2f} %)\n", count.failures,
                    count.runs, 100.0 * count.failures / count.runs, 100 * interval.low, 100 * interval.high);
    for (const auto& [kind, times] : count.kinds) {
        text += fmt::format("  {} times: {}\n", times, kind);
    }
    return text;
}

// One command on its way through all its runs.
class Repetition {
  public:
    Repetition(const Options& options, allocators::Allocator allocator)
        : options_(options), allocator_(std::move(allocator)),
          limit_(time_limit(options.timeout).value_or(measure::kUnknownCommandLimit)) {}

    int run() {
        for (int number = 1; number <= options_.times && !interrupt_.requested(); ++number) {
            line_.show(number - 1, options_.times,
                       fmt::format("run {}: {} failed so far", number, count_.failures));
            const measure::Run run = run_once(number);
            if (run.ending == measure::Ending::kInterrupted) {
                break;
            }
            if (run.ending == measure::Ending::kNotRun) {
                return not_run(run);
            }
            take(number, run);
        }
        line_.clear();
        fmt::print("{}", summary(count_));
        if (interrupt_.requested()) {
            fmt::print("Interrupted: {} of {} runs were made.\n", count_.runs, options_.times);
            return kInterrupted;
        }
        return count_.failures > 0 ? kSomethingFailed : kSuccess;
    }

  private:
    measure::Run run_once(int number) {
        stacks_file_.clear();
        return measure::run({.arguments = options_.command,
                             .preload = allocator_.library,
                             .environment = allocator_.environment},
                            {.time_limit = limit_,
                             .interrupt = &interrupt_,
                             .on_time_out = [this, number](pid_t pid) { save_stacks(number, pid); }});
    }

    void save_stacks(int number, pid_t pid) {
        const auto folder = options_.stacks.empty() ? std::filesystem::temp_directory_path()
                                                    : std::filesystem::path(options_.stacks);
        const auto path = folder / fmt::format("hang-{}-run-{}.txt", getpid(), number);
        std::ofstream file(path);
        file << fmt::format("{} under {}, run {}\n\n", fmt::join(options_.command, " "), allocator_.name,
                            number)
             << measure::thread_stacks(pid);
        stacks_file_ = file ? path.string() : "";
    }

    void take(int number, const measure::Run& run) {
        ++count_.runs;
        if (run.succeeded()) {
            slowest_ = std::max(slowest_, run.usage.wall_seconds);
            if (!options_.timeout) {
                limit_ = measure::limit_after(slowest_);
            }
            return;
        }
        ++count_.failures;
        ++count_.kinds[measure::describe_ending(run)];
        line_.clear();
        fmt::print("run {}: {}{}{}\n", number, measure::describe_ending(run),
                   run.errors.empty() ? "" : ": " + measure::last_line(run.errors),
                   stacks_file_.empty() ? "" : "; the stacks of its threads are in " + stacks_file_);
        std::fflush(stdout);
    }

    int not_run(const measure::Run& run) {
        line_.clear();
        fmt::print(stderr, "ashlar repeat: {} {}\n", options_.command.front(), measure::describe_ending(run));
        return run.code == ENOENT ? kNotFound : kNotExecutable;
    }

    const Options& options_;
    allocators::Allocator allocator_;
    std::chrono::milliseconds limit_;
    machine::Interrupt interrupt_;
    report::ProgressLine line_;
    Count count_;
    double slowest_ = 0;
    std::string stacks_file_;
};

// Libraries that cannot be preloaded are a warning of the dynamic linker's, and the runs would be System's.
void check_loaded(const Options& options, const allocators::Allocator& allocator) {
    if (!allocator.is_preloaded()) {
        return;
    }
    const measure::Run probe =
        measure::run({.arguments = {"true"}, .preload = allocator.library, .prove_preload = true},
                     {.time_limit = std::chrono::seconds(30)});
    if (probe.preload_mapped == false) {
        throw std::invalid_argument(fmt::format("--allocator {}: {} cannot be preloaded: {}",
                                                options.allocator, allocator.library,
                                                measure::last_line(probe.errors)));
    }
}

int run_repeat(const Options& options) {
    if (options.command.empty()) {
        throw std::invalid_argument("repeat: no command; give it after --, as in: ashlar repeat -- ./tests");
    }
    if (!options.stacks.empty() && !std::filesystem::is_directory(options.stacks)) {
        throw std::invalid_argument("--stacks: " + options.stacks + " is no folder");
    }
    const std::vector<std::string> wanted =
        options.allocator.empty() ? std::vector<std::string>{} : std::vector{options.allocator};
    const allocators::Allocator allocator = allocators::select(wanted).found.back();
    check_loaded(options, allocator);
    return Repetition(options, allocator).run();
}

} // namespace

void add_repeat(CLI::App& app, Action& action) {
    auto options = std::make_shared<Options>();
    CLI::App* const repeat =
        app.add_subcommand("repeat", "Run a command many times, and tell how often it hangs or fails");
    repeat->footer(kFooter);
    repeat->add_option("command", options->command, "What to run, after --")->type_name("CMD...");
    repeat->add_option("--times", options->times, "How often")
        ->check(CLI::Range(1, 10'000'000))
        ->capture_default_str();
    repeat
        ->add_option(
            "--timeout", options->timeout,
            "Seconds after which a run counts as hung (ten times the slowest run so far, at least 5; 600 for "
            "the first)")
        ->check(CLI::Range(0.01, 86'400.0));
    repeat->add_option("--allocator", options->allocator,
                       fmt::format("What it runs under: {}, or name=/path/to/library.so (system)",
                                   allocators::known_names()));
    repeat->add_option("--stacks", options->stacks,
                       "The folder for the stacks of what hangs (that for temporary files)");
    repeat->callback([options, &action] {
        if (auto exactly = machine::arguments_after_dashes(); !exactly.empty()) {
            options->command = std::move(exactly);
        }
        action = [options] { return run_repeat(*options); };
    });
}

} // namespace ashlar::commands
