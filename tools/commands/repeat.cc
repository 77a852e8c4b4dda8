// SPDX-License-Identifier: MIT
// ashlar repeat: one command many times, to catch intermittent failures.
#include "allocators/find.h"
#include "allocators/service.h"
#include "commands/command.h"
#include "commands/command_words.h"
#include "commands/number_range.h"
#include "commands/session.h"
#include "machine/terminal.h"
#include "measure/child.h"
#include "measure/stacks_file.h"
#include "measure/time_limit.h"
#include "report/progress_line.h"
#include "statistics/proportion.h"

#include <CLI/CLI.hpp>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <stdexcept>

namespace ashlar::commands {

namespace {

struct Options {
    std::vector<std::string> command;
    int times = 100;
    bool stops_on_failure = false;
    std::optional<double> timeout;
    std::string allocator;
    std::string stacks;
};

constexpr const char* kFooter = R"(Examples:
  ashlar repeat --times 500 --timeout 10 -- ./tests --filter queue
  ashlar repeat --allocator ashlar --times 200 -- python3 script.py
  ashlar repeat --stop-on-failure --times 10000 -- ./tests    until it fails
  ashlar repeat --allocator mine=/opt/lib/libmine.so --stacks . -- ./server --self-test

A run fails if it ends with a status other than 0, is killed by a signal, or exceeds its time. The stacks of all
threads of one that hangs are saved (by gdb if it is installed, in any case as /proc tells them) before its process
group is ended. The rate of failures comes with the interval that holds the true rate 95 times of 100.

With --allocator the command runs once more before, which is not counted: to see whether the library is in its
memory when it ends. If it is not, or if the program defines malloc itself, that is said and nothing is repeated.

Exit status: 0, 1 if a run failed, 2 for wrong arguments, 126 or 127 if the command cannot be run or found,
128 and the number of the signal if interrupted (130 by Ctrl-C; the runs so far are shown).)";

struct Count {
    int runs = 0;
    int failures = 0;
    std::map<std::string, int> kinds; // by ending
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

// Runs one command repeatedly.
class Repetition {
  public:
    Repetition(const Options& options, allocators::Allocator allocator)
        : options_(options), allocator_(std::move(allocator)),
          limit_(time_limit(options.timeout).value_or(measure::kUnknownCommandLimit)) {}

    int run() {
        if (const auto status = try_out()) {
            return *status;
        }
        for (int number = 1; number <= options_.times && !is_over(); ++number) {
            line_.show(number - 1, options_.times,
                       fmt::format("run {}: {} failed so far", number, count_.failures));
            measure::StacksFile stacks = stacks_of(number);
            const measure::Run run = run_once(false, [&](const auto& processes) { stacks.add(processes); });
            if (run.ending == measure::Ending::kInterrupted) {
                break;
            }
            if (run.ending == measure::Ending::kNotRun) {
                return cannot_run(run);
            }
            take(number, run, stacks.path());
        }
        line_.clear();
        machine::tell(stdout, "{}", summary(count_));
        if (interrupt_.requested()) {
            machine::tell(stdout, "Interrupted by SIG{}: {} of {} runs were made.\n",
                          sigabbrev_np(interrupt_.signal()), count_.runs, options_.times);
            return kBySignal + interrupt_.signal();
        }
        if (count_.failures > 0 && count_.runs < options_.times) {
            machine::tell(stdout, "Stopped at the first failure: {} of {} runs were made.\n", count_.runs,
                          options_.times);
        }
        return count_.failures > 0 ? kSomethingFailed : kSuccess;
    }

  private:
    bool is_over() const {
        return interrupt_.requested() || (options_.stops_on_failure && count_.failures > 0);
    }

    measure::Run run_once(bool prove_preload,
                          std::function<void(const std::vector<pid_t>&)> on_time_out) const {
        return measure::run(
            {.arguments = options_.command,
             .preload = allocator_.library,
             .environment = allocator_.environment,
             .prove_preload = prove_preload},
            {.time_limit = limit_, .interrupt = &interrupt_, .on_time_out = std::move(on_time_out)});
    }

    // Runs the command once to check the allocator. Otherwise the dynamic linker would only warn of an
    // unusable library, and the runs would use System's malloc. Returns an exit status if it is unusable.
    std::optional<int> try_out() {
        if (!allocator_.is_preloaded()) {
            return std::nullopt;
        }
        line_.show(0, options_.times, "whether it runs under the allocator");
        const measure::Run trial = run_once(true, {});
        if (trial.ending == measure::Ending::kNotRun) {
            return cannot_run(trial);
        }
        const std::string unserved = allocators::why_unserved(trial);
        if (!unserved.empty()) {
            line_.clear();
            machine::tell(stderr, "ashlar repeat: --allocator {}: {}{}\n", options_.allocator, unserved,
                          trial.errors.empty() ? "" : ": " + measure::last_line(trial.errors));
            return kUsageError;
        }
        learn_from(trial);
        return std::nullopt;
    }

    measure::StacksFile stacks_of(int number) const {
        return {options_.stacks.empty() ? std::filesystem::temp_directory_path()
                                        : std::filesystem::path(options_.stacks),
                fmt::format("hang-run-{}", number),
                fmt::format("{} under {}, run {}", fmt::join(options_.command, " "), allocator_.name, number),
                &interrupt_};
    }

    // Updates the time limit of later runs, unless --timeout sets it.
    void learn_from(const measure::Run& run) {
        if (run.succeeded() && !options_.timeout) {
            slowest_ = std::max(slowest_, run.usage.wall_seconds);
            limit_ = measure::limit_after(slowest_);
        }
    }

    void take(int number, const measure::Run& run, const std::string& stacks) {
        ++count_.runs;
        learn_from(run);
        if (run.succeeded()) {
            return;
        }
        ++count_.failures;
        ++count_.kinds[measure::describe_ending(run)];
        line_.clear();
        machine::tell(stdout, "run {}: {}{}{}\n", number, measure::describe_ending(run),
                      run.errors.empty() ? "" : ": " + measure::last_line(run.errors),
                      stacks.empty() ? "" : "; the stacks of its threads are in " + stacks);
        std::fflush(stdout);
    }

    int cannot_run(const measure::Run& run) {
        line_.clear();
        return not_run("repeat", options_.command.front(), run.code);
    }

    const Options& options_;
    allocators::Allocator allocator_;
    std::chrono::milliseconds limit_;
    machine::Interrupt interrupt_;
    report::ProgressLine line_;
    Count count_;
    double slowest_ = 0;
};

int run_repeat(const Options& options) {
    if (!options.stacks.empty() && !std::filesystem::is_directory(options.stacks)) {
        throw std::invalid_argument("--stacks: " + options.stacks + " is no folder");
    }
    const std::vector<std::string> wanted =
        options.allocator.empty() ? std::vector<std::string>{} : std::vector{options.allocator};
    const allocators::Allocator allocator = allocators::select(wanted).found.back();
    return Repetition(options, allocator).run();
}

} // namespace

void add_repeat(CLI::App& app, Action& action) {
    auto options = std::make_shared<Options>();
    CLI::App* const repeat =
        app.add_subcommand("repeat", "Run a command many times, and tell how often it hangs or fails");
    repeat->footer(kFooter);
    repeat->positionals_at_end();
    repeat->add_option("command", options->command, "What to run, with its arguments")
        ->type_name("CMD")
        ->required();
    repeat->add_option("--times", options->times, "How many runs")
        ->check(CLI::Range(1, 10'000'000))
        ->capture_default_str()
        ->type_name("N");
    repeat->add_flag("--stop-on-failure", options->stops_on_failure,
                     "Make no more runs after the first that fails");
    repeat->add_option("--timeout", options->timeout, "Seconds after which a run counts as hung")
        ->default_str("ten times the slowest run so far, at least 5; 600 for the first")
        ->check(between(0.01, 86'400))
        ->type_name("SECONDS");
    repeat
        ->add_option("--allocator", options->allocator,
                     fmt::format("The allocator to run it under: {}, or name=/path/to/library.so",
                                 allocators::known_names()))
        ->default_str("system")
        ->type_name("ALLOCATOR");
    repeat->add_option("--stacks", options->stacks, "Folder for the stacks of runs that hang")
        ->default_str("TMPDIR or /tmp")
        ->type_name("FOLDER");
    repeat->callback([options, repeat, &action] {
        options->command = command_words(*repeat, options->command);
        action = [options] { return run_repeat(*options); };
    });
}

} // namespace ashlar::commands
