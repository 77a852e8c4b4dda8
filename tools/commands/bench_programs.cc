// SPDX-License-Identifier: MIT
// ashlar bench programs: well-known programs under every allocator.
#include "commands/bench_programs.h"

#include "commands/measuring_options.h"
#include "commands/session.h"
#include "machine/descriptor.h"
#include "report/comparison_text.h"
#include "suite/programs.h"

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <stdexcept>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ashlar::commands {

namespace {

constexpr const char* kWho = "bench programs";

struct Options {
    MeasuringOptions measuring;
    std::vector<std::string> programs;
};

constexpr const char* kFooter = R"(Examples:
  ashlar bench programs --quick                   System and Ashlar, about a minute
  ashlar bench programs                           every program and allocator, about fifteen minutes
  ashlar bench programs redis git --json programs.json

Of a server, its time and memory are measured together with those of the program that loads it. If a program is linked with an allocator of its own, a remark says so, and System means the C library's malloc. ashlar compare runs a program of yours.

Exit status: 0, 1 if a run failed, 2 for wrong arguments, 128 and the number of the signal if interrupted (130 by Ctrl-C).)";

std::string list_of_programs() {
    std::string text = "Programs (those that are not installed are named and left out):\n";
    for (const suite::RealProgram& program : suite::real_programs()) {
        text += fmt::format("  {:<12} {}\n", program.name, program.about);
    }
    return text;
}

std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const suite::RealProgram& program : suite::real_programs()) {
        all.push_back(program.name);
    }
    return all;
}

// The folder for sockets and data of servers. Its name is fixed, because a continued run uses the same
// folder. Hence only one run of a user may be active, and the folder must belong to this user.
class ScratchFolder {
  public:
    ScratchFolder()
        : path_(std::filesystem::temp_directory_path() / fmt::format("ashlar-programs-{}", getuid())) {
        mkdir(path_.c_str(), S_IRWXU); // it may exist after an interrupted run
        folder_ = machine::Descriptor(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        struct stat facts {};
        if (folder_.number() < 0 || fstat(folder_.number(), &facts) != 0 || facts.st_uid != getuid()) {
            throw std::runtime_error(fmt::format(
                "{}: {} is no folder of this user's; remove it, or set TMPDIR", kWho, path_.string()));
        }
        if (flock(folder_.number(), LOCK_EX | LOCK_NB) != 0) {
            throw std::runtime_error(fmt::format(
                "{}: another run is at work in {}; wait for it, or set TMPDIR", kWho, path_.string()));
        }
    }
    ~ScratchFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
    machine::Descriptor folder_; // locked
};

compare::Plan make_plan(const Options& options, const ScratchFolder& scratch) {
    const MeasuringOptions& measuring = options.measuring;
    compare::Plan plan;
    plan.contenders = compare::contenders(choose_allocators(measuring, kWho));
    suite::ProgramSuite suite = suite::program_suite(options.programs, scratch.path(), measuring.quick);
    tell_missing(suite.missing, kWho);
    if (suite.configurations.empty()) {
        throw std::runtime_error(
            "none of these programs is installed; scripts/setup.sh --programs installs all");
    }
    plan.configurations = std::move(suite.configurations);
    plan.rounds = measuring.rounds_to_run();
    plan.time_limit = time_limit(measuring.timeout);
    plan.stacks_folder = stacks_folder(measuring.json);
    plan.follow_rss = true;
    return plan;
}

int run_programs(const Options& options) {
    const MeasuringOptions& measuring = options.measuring;
    const machine::Interrupt interrupt;
    const ScratchFolder scratch;
    report::StoredComparison comparison =
        measuring.resume.empty()
            ? new_comparison(make_plan(options, scratch), 1, interrupt)
            : resumed_comparison(measuring.resume, "bench", measuring.timeout, interrupt);
    return run_comparison(std::move(comparison), measuring.output(), interrupt,
                          [](const compare::Experiment& experiment, const compare::Result& result) {
                              return report::comparison_text(experiment, result, text_settings(),
                                                             report::programs_view());
                          });
}

} // namespace

void add_bench_programs(CLI::App& bench, Action& action) {
    auto options = std::make_shared<Options>();
    CLI::App* const programs =
        bench.add_subcommand("programs", "Run programs that people use under every allocator");
    programs->footer(list_of_programs() + "\n" + kFooter);
    programs->add_option("programs", options->programs, "Which to run")
        ->default_str("all that are installed")
        ->check(CLI::IsMember(names()))
        ->type_name("PROGRAM");
    add_measuring_options(*programs, options->measuring);
    programs->callback([options, programs, &action] {
        if (!options->measuring.resume.empty()) {
            refuse_other_settings(*programs);
        }
        action = [options] { return run_programs(*options); };
    });
}

} // namespace ashlar::commands
