// SPDX-License-Identifier: MIT
#include "commands/session.h"

#include "commands/command.h"
#include "compare/rounds.h"
#include "machine/files.h"
#include "report/progress_line.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <ctime>
#include <fmt/format.h>
#include <fstream>
#include <stdexcept>

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

// The file of a result, which is complete and valid at any time: what is new is written beside it and put in
// its place.
class ResultFile {
  public:
    // Before anything is measured: a name that cannot be written to should not cost the measurement.
    explicit ResultFile(std::string path) : path_(std::move(path)), beside_(path_ + ".part") {
        std::error_code error;
        const bool is_new = !std::filesystem::exists(path_, error);
        in_place_ = !is_new && !std::filesystem::is_regular_file(path_, error); // /dev/stdout
        if (!wanted()) {
            return;
        }
        if (!std::ofstream(in_place_ ? path_ : beside_, std::ios::app)) {
            throw std::invalid_argument("--json: cannot write to " + path_);
        }
    }
    ~ResultFile() {
        std::error_code error;
        if (wanted() && !in_place_) {
            std::filesystem::remove(beside_, error);
        }
    }
    ResultFile(const ResultFile&) = delete;
    ResultFile& operator=(const ResultFile&) = delete;

    bool wanted() const { return !path_.empty(); }

    // The samples only: to draw figures from them again and again takes longer than a round of small
    // programs. That it fails is said once and costs nothing else: what is measured is shown in the end.
    void write_unfinished(const compare::Experiment& experiment, const report::Provenance& provenance) {
        if (!wanted() || in_place_ || failed_) {
            return;
        }
        try {
            write(experiment, {}, provenance);
        } catch (const std::exception& error) {
            failed_ = true;
            fmt::print(stderr, "ashlar: {}; the measurement goes on\n", error.what());
        }
    }

    void write(const compare::Experiment& experiment, const compare::Result& result,
               const report::Provenance& provenance) const {
        std::ofstream file(in_place_ ? path_ : beside_);
        report::write_comparison_json(file, experiment, result, provenance);
        file.close();
        if (!file) {
            throw std::runtime_error("writing " + path_ +
                                     " failed: " + std::generic_category().message(errno));
        }
        if (!in_place_) {
            std::filesystem::rename(beside_, path_);
        }
    }

  private:
    std::string path_;
    std::string beside_;
    bool in_place_ = false;
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

void show(report::ProgressLine& line, const compare::Progress& progress, int rounds) {
    line.show(progress.done, progress.total,
              fmt::format("{}: {}, {}",
                          progress.round == compare::kWarmUp
                              ? "warm-up"
                              : fmt::format("round {}/{}", progress.round, rounds),
                          progress.configuration->name, progress.contender->allocator.name));
}

// As `env` and `timeout` have them for a command that could not even be run.
int exit_status(const compare::Experiment& experiment) {
    if (!experiment.complete) {
        return kInterrupted;
    }
    const auto& samples = experiment.samples;
    const auto not_run = [](const compare::Sample& sample) {
        return sample.run.ending == measure::Ending::kNotRun;
    };
    if (!samples.empty() && std::all_of(samples.begin(), samples.end(), not_run)) {
        return samples.front().run.code == ENOENT ? kNotFound : kNotExecutable;
    }
    const bool any_failed = std::any_of(samples.begin(), samples.end(), [](const compare::Sample& sample) {
        return !sample.failure.empty();
    });
    return any_failed ? kSomethingFailed : kSuccess;
}

} // namespace

report::StoredComparison new_comparison(compare::Plan plan, std::uint64_t workload_seed) {
    report::Provenance provenance{.command_line = machine::command_line(),
                                  .version = ASHLAR_VERSION,
                                  .started = utc_now(),
                                  .machine = machine::collect_facts(),
                                  .identities = {},
                                  .workload_seed = workload_seed};
    for (const compare::Contender& contender : plan.contenders) {
        provenance.identities.push_back(allocators::identify(contender.allocator));
    }
    return {.experiment = {.plan = std::move(plan), .samples = {}, .remarks = {}},
            .provenance = std::move(provenance)};
}

report::StoredComparison resumed_comparison(const std::string& path, compare::Prints prints) {
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
    const auto& configurations = stored.experiment.plan.configurations;
    const bool suits = std::all_of(configurations.begin(), configurations.end(),
                                   [&](const compare::Configuration& each) { return each.prints == prints; });
    if (!suits || configurations.empty()) {
        const bool bench = prints == compare::Prints::kFigures;
        throw std::invalid_argument(fmt::format("--resume: {} is no result of ashlar {}; try ashlar {}", path,
                                                bench ? "bench" : "compare", bench ? "compare" : "bench"));
    }
    const auto& contenders = stored.experiment.plan.contenders;
    for (std::size_t index = 0; index < contenders.size(); ++index) {
        const allocators::Identity now = allocators::identify(contenders[index].allocator);
        if (now.sha256 != stored.provenance.identities[index].sha256) {
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
    return json.empty() ? std::filesystem::temp_directory_path()
                        : std::filesystem::absolute(json).parent_path();
}

std::optional<std::chrono::milliseconds> time_limit(std::optional<double> seconds) {
    if (seconds && std::isnan(*seconds)) { // passes every check of a range
        throw std::invalid_argument("--timeout: 'nan' is no number of seconds");
    }
    return seconds ? std::optional(std::chrono::milliseconds(static_cast<long>(*seconds * 1000)))
                   : std::nullopt;
}

int run_comparison(
    report::StoredComparison comparison, const std::string& json,
    const std::function<std::string(const compare::Experiment&, const compare::Result&)>& text) {
    ResultFile file(json);
    const machine::Interrupt interrupt;
    const report::Provenance& provenance = comparison.provenance;
    const int rounds = comparison.experiment.plan.rounds;
    fmt::print("{}", heading(comparison.experiment.plan, provenance));
    std::fflush(stdout);

    report::ProgressLine line;
    const compare::Experiment experiment = compare::run_rounds(
        std::move(comparison.experiment), interrupt,
        {.before_each_run = [&](const compare::Progress& progress) { show(line, progress, rounds); },
         .after_each_round =
             [&](const compare::Experiment& so_far) { file.write_unfinished(so_far, provenance); }});
    line.clear();

    const compare::Result result = compare::evaluate(experiment);
    if (!experiment.complete) {
        fmt::print("Interrupted: this is what there is.{}\n\n",
                   file.wanted() ? " To go on: --resume " + json : "");
    }
    fmt::print("{}", text(experiment, result));
    if (file.wanted()) {
        file.write(experiment, result, provenance);
        fmt::print("All samples: {}\n", json);
    }
    return exit_status(experiment);
}

} // namespace ashlar::commands
