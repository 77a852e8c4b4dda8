// SPDX-License-Identifier: MIT
#include "commands/session.h"

#include "commands/command.h"
#include "commands/command_words.h"
#include "compare/estimate.h"
#include "compare/rounds.h"
#include "machine/files.h"
#include "machine/output_file.h"
#include "machine/terminal.h"
#include "report/failures.h"
#include "report/progress_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fmt/format.h>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <utility>

namespace ashlar::commands {

namespace {

std::string utc_now() {
    const std::time_t now = std::time(nullptr);
    std::tm broken{};
    gmtime_r(&now, &broken);
    char text[sizeof "2000-01-01T00:00:00Z"];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &broken);
    return text;
}

// The result file, if one is wanted. It is complete and valid at any time.
class ResultFile {
  public:
    // Checks the file before the measurement, so that a wrong name does not cost the measurement.
    explicit ResultFile(const std::string& path) {
        try {
            if (!path.empty()) {
                file_.emplace(path);
            }
        } catch (const std::runtime_error& error) {
            throw std::invalid_argument(std::string("--json: ") + error.what());
        }
    }

    bool wanted() const { return file_.has_value(); }
    bool can_be_gone_on_with() const { return wanted() && file_->is_replaced(); }

    // Writes only the samples, because drawing intervals takes longer than a round of small programs. The
    // first failure is reported, and the measurement continues. The result is still printed at the end.
    void write_unfinished(const compare::Experiment& experiment, const report::Provenance& provenance) {
        if (!can_be_gone_on_with() || failed_) {
            return;
        }
        try {
            write(experiment, {}, provenance);
        } catch (const std::exception& error) {
            failed_ = true;
            machine::tell(stderr, "ashlar: {}; the measurement goes on\n", error.what());
        }
    }

    void write(const compare::Experiment& experiment, const compare::Result& result,
               const report::Provenance& provenance) const {
        file_->write([&](std::ostream& stream) {
            report::write_comparison_json(stream, experiment, result, provenance);
        });
    }

  private:
    std::optional<machine::OutputFile> file_;
    bool failed_ = false;
};

std::string heading(const compare::Plan& plan, const report::Provenance& provenance) {
    const machine::Facts& machine = provenance.machine;
    std::string text = fmt::format("{}, {} usable, Linux {}, {}, transparent huge pages: {}\n",
                                   machine.processor, machine.usable_processors, machine.kernel,
                                   machine.c_library, machine.transparent_huge_pages);
    for (std::size_t index = 0; index < plan.contenders.size(); ++index) {
        if (!plan.contenders[index].is_control) {
            const allocators::Identity& identity = provenance.identities[index];
            text += fmt::format("  {:<10} {} {}\n", plan.contenders[index].allocator.name, identity.library,
                                identity.package.empty() ? "" : "(" + identity.package + ")");
        }
    }
    return text + fmt::format("{} rounds, each in an order of its own (seed {}){}\n\n", plan.rounds,
                              plan.seed, plan.duet ? ", each beside System on a processor of its own" : "");
}

// Returns the conditions needed to read the figures, or an empty text.
std::string condition(const compare::Plan& plan) {
    return plan.precondition_mib == 0
               ? ""
               : fmt::format(
                     "Each heap is aged first: {} MiB in mixed sizes, of which nine tenths are freed\n\n",
                     plan.precondition_mib);
}

// Reports progress: the number of runs and their total time as soon as it is known, and each run.
class Reporter {
  public:
    explicit Reporter(const compare::Plan& plan) : rounds_(plan.rounds), estimate_(plan) {}

    void show(const compare::Progress& progress) {
        const Clock::time_point now = Clock::now();
        if (before_) {
            const std::chrono::duration<double> took = now - before_->second;
            estimate_.took(before_->first, took.count());
        }
        before_ = {progress.place, now};
        const std::optional<double> left = estimate_.seconds_left();
        if (left && !announced_) {
            announce(*left + std::chrono::duration<double>(now - start_).count());
        }
        line_.show(progress.done, progress.total,
                   fmt::format("{}: {}, {}",
                               progress.round == compare::kWarmUp
                                   ? "warm-up"
                                   : fmt::format("round {}/{}", progress.round, rounds_),
                               progress.configuration->name, progress.contender->allocator.name),
                   left);
    }

    void clear() { line_.clear(); }

  private:
    using Clock = std::chrono::steady_clock;

    // Omits the message if the measurement ends before it can be read.
    void announce(double seconds) {
        constexpr double kWorthIt = 10;
        constexpr double kWorthItInFile = 30;
        announced_ = true;
        if (seconds >= (line_.is_on_terminal() ? kWorthIt : kWorthItInFile)) {
            line_.say(fmt::format("{} runs, about {}; Ctrl-C keeps what there is", estimate_.runs(),
                                  report::duration_text(seconds)));
        }
    }

    int rounds_;
    compare::Estimate estimate_;
    report::ProgressLine line_;
    Clock::time_point start_ = Clock::now();
    std::optional<std::pair<std::size_t, Clock::time_point>> before_; // the last run, and its start
    bool announced_ = false;
};

int exit_status(const compare::Experiment& experiment, const machine::Interrupt& interrupt) {
    if (!experiment.complete) {
        return kBySignal + interrupt.signal();
    }
    const auto& samples = experiment.samples;
    const auto not_run = [](const compare::Sample& sample) {
        return sample.run.ending == measure::Ending::kNotRun;
    };
    if (!samples.empty() && std::all_of(samples.begin(), samples.end(), not_run)) {
        return status_of_not_run(samples.front().run.code);
    }
    const bool any_failed = std::any_of(samples.begin(), samples.end(), [](const compare::Sample& sample) {
        return !sample.failure.empty();
    });
    return any_failed ? kSomethingFailed : kSuccess;
}

} // namespace

report::TextSettings text_settings() {
    return {.colour = machine::shows_colour(stdout),
            .columns = static_cast<std::size_t>(machine::columns(stdout))};
}

report::StoredComparison new_comparison(compare::Plan plan, std::uint64_t workload_seed,
                                        const machine::Interrupt& interrupt) {
    report::Provenance provenance{.command_line = machine::command_line(),
                                  .version = ASHLAR_VERSION,
                                  .started = utc_now(),
                                  .machine = machine::collect_facts(),
                                  .identities = {},
                                  .workload_seed = workload_seed};
    for (const compare::Contender& contender : plan.contenders) {
        provenance.identities.push_back(allocators::identify(contender.allocator, &interrupt));
    }
    return {.experiment = {.plan = std::move(plan), .samples = {}, .remarks = {}},
            .provenance = std::move(provenance)};
}

void refuse_other_settings(const CLI::App& command) {
    constexpr std::array kAllowed{
        "--resume",          "--json",       "--timeout",     "--verbose",
        "--export-markdown", "--export-csv", "--export-json", "command"}; // the last one is checked elsewhere
    for (const CLI::Option* const option : command.get_options()) {
        const std::string name = option->get_name();
        if (option->count() > 0 && std::find(kAllowed.begin(), kAllowed.end(), name) == kAllowed.end()) {
            throw std::invalid_argument(fmt::format(
                "--resume goes on with the settings of its file: leave out {}, or measure anew", name));
        }
    }
}

report::StoredComparison resumed_comparison(const std::string& path, const std::string& sub_command,
                                            std::optional<double> timeout,
                                            const machine::Interrupt& interrupt) {
    std::ifstream file(path);
    if (!file) {
        throw std::invalid_argument("--resume: cannot read " + path);
    }
    report::StoredComparison stored;
    try {
        stored = report::read_comparison_json(file);
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument("--resume: " + path + ": " + error.what());
    }
    if (stored.experiment.plan.configurations.empty()) {
        throw std::invalid_argument("--resume: " + path + " has no configurations");
    }
    const std::vector<std::string>& called = stored.provenance.command_line;
    if (called.size() > 1 && called[1] != sub_command) {
        throw std::invalid_argument(fmt::format("--resume: {} is no result of ashlar {}; try `ashlar {}`",
                                                path, sub_command, called[1]));
    }
    if (timeout) {
        stored.experiment.plan.time_limit = time_limit(timeout);
    }
    const auto& contenders = stored.experiment.plan.contenders;
    for (std::size_t index = 0; index < contenders.size(); ++index) {
        const allocators::Identity now = allocators::identify(contenders[index].allocator, &interrupt);
        if (!interrupt.requested() && now.sha256 != stored.provenance.identities[index].sha256) {
            throw std::invalid_argument(fmt::format(
                "--resume: {} is no longer what {} was measured with ({} has another SHA-256); samples of "
                "both must not be mixed: measure anew",
                contenders[index].allocator.name, path, now.library));
        }
    }
    const machine::Facts now = machine::collect_facts();
    const machine::Facts& then = stored.provenance.machine;
    if (now.kernel != then.kernel || now.processor != then.processor) {
        stored.experiment.remarks.push_back(fmt::format(
            "The run was interrupted and gone on with on {}, Linux {}.", now.processor, now.kernel));
    }
    return stored;
}

std::filesystem::path stacks_folder(const std::string& json) {
    return json.empty() || json == machine::kStandardOutput ? std::filesystem::temp_directory_path()
                                                            : std::filesystem::absolute(json).parent_path();
}

std::optional<std::chrono::milliseconds> time_limit(std::optional<double> seconds) {
    return seconds ? std::optional(std::chrono::milliseconds(static_cast<long>(*seconds * 1000)))
                   : std::nullopt;
}

int run_comparison(report::StoredComparison comparison, const ResultFiles& files,
                   const machine::Interrupt& interrupt,
                   const std::function<std::string(const compare::Experiment&, const compare::Result&)>& text,
                   const std::function<void(const compare::Experiment&)>& when_complete) {
    ResultFile file(files.json);
    const ExportFiles exports(files.exports);
    const bool shows_text = files.shows_text();
    const report::Provenance& provenance = comparison.provenance;
    if (shows_text) {
        const compare::Plan& plan = comparison.experiment.plan;
        machine::tell(stdout, "{}{}", files.verbose ? heading(plan, provenance) : "", condition(plan));
        std::fflush(stdout);
    }

    Reporter reporter(comparison.experiment.plan);
    const compare::Experiment experiment = compare::run_rounds(
        std::move(comparison.experiment), interrupt,
        {.before_each_run = [&](const compare::Progress& progress) { reporter.show(progress); },
         .after_each_round =
             [&](const compare::Experiment& so_far) { file.write_unfinished(so_far, provenance); }});
    reporter.clear();

    if (!experiment.complete) {
        const bool any = !experiment.samples.empty();
        machine::tell(shows_text ? stdout : stderr, "Interrupted by SIG{}: {}.{}\n\n",
                      sigabbrev_np(interrupt.signal()),
                      any ? "this is what there is" : "no run has ended yet, so there is nothing to show",
                      any && file.can_be_gone_on_with() ? " To go on: `--resume " + files.json + "`" : "");
        if (!any) {
            return exit_status(experiment, interrupt);
        }
    }
    const compare::Result result = compare::evaluate(experiment);
    const std::string why_nothing = report::why_nothing(experiment);
    if (experiment.complete && !why_nothing.empty()) {
        std::fflush(stdout);
        machine::tell(stderr, "{}", why_nothing);
    } else if (shows_text) {
        machine::tell(stdout, "{}", text(experiment, result));
    }
    if (file.wanted()) {
        file.write(experiment, result, provenance);
        if (shows_text) {
            machine::tell(stdout, "All samples: {}\n", files.json);
        }
    }
    exports.write(experiment, result);
    if (experiment.complete && why_nothing.empty() && when_complete) {
        when_complete(experiment);
    }
    return exit_status(experiment, interrupt);
}

} // namespace ashlar::commands
