// SPDX-License-Identifier: MIT
// ashlar alarm: whether the library has become slower or larger than a recorded commit's.
#include "report/alarm.h"

#include "alarm/reference.h"
#include "alarm/repository.h"
#include "alarm/watch.h"
#include "allocators/find.h"
#include "commands/command.h"
#include "commands/command_words.h"
#include "commands/number_range.h"
#include "commands/session.h"
#include "machine/facts.h"
#include "machine/files.h"
#include "machine/output_file.h"
#include "machine/program_search.h"
#include "machine/terminal.h"
#include "report/page/alarm_history.h"
#include "report/progress_line.h"
#include "suite/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <memory>
#include <stdexcept>

namespace ashlar::commands {

namespace {

namespace fs = std::filesystem;

constexpr int kNotAllJudged = 3;
constexpr const char* kReferenceFile = "bench/alarm/reference.json";
constexpr const char* kHistoryFile = "bench/alarm/history.json";
constexpr const char* kInstructions = "instructions an operation"; // the figure's name

struct Options {
    std::vector<std::string> command;
    std::vector<std::string> only;
    std::vector<std::string> gates;
    std::string repository = ".";
    std::string reference;
    std::string library;
    double factor = alarm::kUsualFactor;
    int rounds = 15;
    std::uint64_t seed = 1;
    double scale = 1;
    bool explain = false;
    bool update = false;
    bool anchor = false;
    bool strict = false;
    std::string why;
    std::string json;
    std::string junit;
    std::string history; // a page to write
};

constexpr const char* kFooter =
    R"(The present library is that of the tree that this program was built in. It is compared with the library of a recorded commit, which is built once and kept in ~/.cache/ashlar. Both run in the same rounds, so a slow machine is no regression.

Four gates judge: exact (counts of instructions, system calls, refills: equal or within 1 %), memory (5 %), time (the interval of the ratio beyond 5 % and beyond the noise, twice), coarse (--factor times, also on a busy machine).

Examples:
  ashlar alarm                                     all benchmarks, in Ashlar's repository
  ashlar alarm --only pairs-16 --explain           one of them, with what the counters say
  ashlar alarm --update --why "faster refill"      the present commit becomes the reference
  ashlar alarm --reference old.so -- ./server --self-test
  ashlar alarm --reference jemalloc -- python3 script.py
  ashlar alarm --reference ./server-before -- ./server --self-test    another program, on the same library

Exit status: 0 if all figures passed, 1 if one regressed, 2 for an error, 3 if nothing failed but a gate could not judge, 128 and the number of the signal if interrupted.)";

// A folder that is gone with this object.
class Scratch {
  public:
    Scratch() {
        std::string name = (fs::temp_directory_path() / "ashlar-alarm-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) {
            throw std::invalid_argument("cannot make a folder " + name);
        }
        path_ = name;
    }
    ~Scratch() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

// What goes wrong here is an error of the alarm's (2), never a regression (1).
template <typename Do>
auto or_error(Do work) {
    try {
        return work();
    } catch (const std::runtime_error& error) {
        throw std::invalid_argument(std::string("alarm: ") + error.what());
    }
}

std::unique_ptr<machine::OutputFile> output(const std::string& path) {
    return path.empty() ? nullptr : or_error([&] { return std::make_unique<machine::OutputFile>(path); });
}

std::set<alarm::Gate> gates_of(const std::vector<std::string>& names) {
    std::set<alarm::Gate> result(alarm::kGates.begin(), alarm::kGates.end());
    if (!names.empty()) {
        std::erase_if(result, [&](alarm::Gate gate) {
            return std::find(names.begin(), names.end(), alarm::name_of(gate)) == names.end();
        });
    }
    return result;
}

// A benchmark that is asked for by name must have a figure that one of the chosen gates judges.
void check_judged(const Options& options) {
    if (options.only.empty() || options.gates.empty()) {
        return;
    }
    const std::set<alarm::Gate> gates = gates_of(options.gates);
    for (const alarm::Benchmark& each :
         or_error([&] { return alarm::only(alarm::benchmarks({}), options.only); })) {
        const bool judged = gates.contains(alarm::Gate::kCoarse) ||
                            (gates.contains(alarm::Gate::kExact) && !each.counted.command.empty()) ||
                            (gates.contains(alarm::Gate::kMemory) && each.judges_memory) ||
                            (gates.contains(alarm::Gate::kTime) && each.judges_time);
        if (!judged) {
            throw std::invalid_argument(fmt::format("--gates {}: {} has no figure that it judges",
                                                    fmt::join(options.gates, ","), each.timed.name));
        }
    }
}

void check_consistent(const Options& options) {
    if (options.update && options.why.empty()) {
        throw std::invalid_argument("--update needs --why \"...\": the reason is kept with the reference");
    }
    if (options.anchor && !options.update) {
        throw std::invalid_argument("--anchor goes with --update only");
    }
    if (options.update && (!options.only.empty() || !options.gates.empty() || !options.command.empty() ||
                           !options.library.empty() || !options.reference.empty())) {
        throw std::invalid_argument(
            "--update records all benchmarks of the present commit: leave out --only, --gates, "
            "--library, --reference and a command");
    }
    check_judged(options);
    if (!options.command.empty() && options.reference.empty()) {
        throw std::invalid_argument(
            "a command needs --reference: an allocator, a library or another program");
    }
    if (options.json == machine::kStandardOutput && options.junit == machine::kStandardOutput) {
        throw std::invalid_argument("--json and --junit cannot both go to the standard output");
    }
}

std::string companion(const char* name) {
    const auto found = machine::find_companion(name);
    if (!found) {
        throw std::invalid_argument(suite::how_to_get(name, "alarm_clock"));
    }
    return found->string();
}

allocators::Allocator present_library(const Options& options) {
    if (!options.library.empty()) {
        return {.name = "present",
                .library = or_error([&] { return fs::canonical(options.library).string(); })};
    }
    const auto library = allocators::find_ashlar();
    if (!library) {
        throw std::invalid_argument("alarm: " + allocators::how_to_get_ashlar());
    }
    return {.name = "present", .library = *library};
}

// A name, a library's path, or name=path.
allocators::Allocator named_allocator(const std::string& text) {
    std::string wanted = text;
    if (text.find('/') != std::string::npos && text.find('=') == std::string::npos) {
        wanted = "reference=" + text;
    } else if (text.ends_with(".so")) {
        wanted = "reference=" + fs::absolute(text).string();
    }
    return allocators::select({wanted}).found.back();
}

void show_progress(const std::string& text) {
    if (machine::is_terminal(stderr)) {
        fmt::print(stderr, "\r\033[K{}", text);
        std::fflush(stderr);
    }
}

alarm::WatchObserver observer() {
    return {.before_counting = [](const std::string& what) { show_progress("counting: " + what); },
            .rounds = {.before_each_run =
                           [](const compare::Progress& progress) {
                               show_progress(fmt::format("run {} of {}: {} on {}", progress.done + 1,
                                                         progress.total, progress.configuration->name,
                                                         progress.contender->allocator.name));
                           },
                       .after_each_round = [](const compare::Experiment&) {}}};
}

// What the alarm is asked about, and what it says of the reference.
struct Task {
    alarm::Request request;
    report::AlarmContext context;
    std::optional<alarm::Repository> repository{};
    std::optional<alarm::References> references{};
    alarm::History history{};
    std::string processor;
};

// Else it is a commit, such as origin/main.
bool is_file(const std::string& reference) {
    return reference.starts_with('/') || reference.starts_with('.') || reference.ends_with(".so") ||
           (reference.find('/') != std::string::npos && fs::exists(reference));
}

// Another library of this machine, in place of a commit's.
void use_library(const Options& options, Task& task) {
    task.request.reference = {.name = "reference",
                              .library = or_error([&] { return fs::canonical(options.reference).string(); })};
    task.context.reference = task.request.reference.library;
}

// Counts that another compiler made are no measure: they are only printed.
void use_anchor(const alarm::Recorded& anchor, Task& task) {
    const std::string commit = anchor.commit.substr(0, 12);
    if (anchor.compiler == alarm::compiler()) {
        task.request.anchor_commit = commit;
        task.request.anchors = anchor.figures;
        return;
    }
    task.context.anchor =
        fmt::format("Not judged against the anchor {}, which was recorded with {}; instructions an operation "
                    "there:",
                    commit, anchor.compiler);
    for (const auto& [benchmark, figures] : anchor.figures) {
        if (const auto found = figures.find(kInstructions); found != figures.end()) {
            task.context.anchor += fmt::format(" {} {:.4g},", benchmark, found->second);
        }
    }
    task.context.anchor.back() = '.';
}

void use_references(const Options& options, Task& task) {
    task.repository.emplace(options.repository);
    const fs::path root = task.repository->root();
    const fs::path file = root / kReferenceFile;
    const bool is_needed = options.reference.empty() && !(options.update && options.anchor);
    if (is_needed || fs::exists(file)) {
        task.references = alarm::read_references(file);
    }
    task.history = alarm::read_history(root / kHistoryFile);
    task.request.spreads = task.history.spreads(task.processor);
    const auto noise = task.history.noise.find(task.processor);
    if (noise != task.history.noise.end()) {
        for (const auto& [key, values] : noise->second) {
            task.request.noise[key] = task.history.noise_of(task.processor, key);
        }
    }
    std::string commit = task.references ? task.references->reference.commit : task.repository->head();
    if (!options.reference.empty()) {
        commit = options.reference;
    }
    const std::string library = or_error([&] { return task.repository->library_of(commit); });
    task.request.reference = {.name = "reference", .library = library};
    task.context.reference =
        fmt::format("commit {} ({})", commit.substr(0, 12), task.repository->subject(commit));
    if (task.references) {
        use_anchor(task.references->anchor, task);
    }
}

// Else it is an allocator's name or a library.
bool is_program(const std::string& reference) {
    return reference.find('/') != std::string::npos && reference.find('=') == std::string::npos &&
           reference.find(".so") == std::string::npos && machine::find_program(reference).error == 0;
}

// Another program in the place of the command's, with the same arguments. Both run on the present library.
void use_program(const Options& options, Task& task) {
    std::vector<std::string> command{
        "sh", "-c",
        R"(program=${ASHLAR_ALARM_PROGRAM:-$0}; unset ASHLAR_ALARM_PROGRAM; exec "$program" "$@")"};
    command.insert(command.end(), options.command.begin(), options.command.end());
    task.request.benchmarks.front().timed.command = std::move(command);
    task.request.reference = {
        .name = "reference",
        .library = task.request.present.library,
        .environment = {"ASHLAR_ALARM_PROGRAM=" + fs::canonical(options.reference).string()}};
}

// What a run needs to be the same again.
std::string settings_of(const Options& options) {
    std::string text;
    const auto add = [&](const char* option, const std::string& value, bool is_usual) {
        text += is_usual ? "" : fmt::format(" {} {}", option, value);
    };
    const Options usual;
    add("--gates", fmt::format("{}", fmt::join(options.gates, ",")), options.gates.empty());
    add("--factor", fmt::format("{}", options.factor), options.factor == usual.factor);
    add("--rounds", std::to_string(options.rounds), options.rounds == usual.rounds);
    add("--scale", fmt::format("{}", options.scale), options.scale == usual.scale);
    add("--seed", std::to_string(options.seed), options.seed == usual.seed);
    add("--reference", options.reference, options.reference.empty());
    add("--library", options.library, options.library.empty());
    add("--repository", options.repository, options.repository == usual.repository);
    return text;
}

Task make_task(const Options& options, const Scratch& scratch) {
    Task task;
    task.processor = machine::collect_facts().processor;
    task.request.gates = gates_of(options.gates);
    task.request.factor = options.factor;
    task.request.slowness = alarm::slowness();
    task.request.rounds = options.rounds;
    task.request.seed = options.seed;
    task.request.scratch = scratch.path();
    task.request.stacks_folder = fs::current_path();
    task.context.explain = options.explain;
    if (!options.command.empty()) {
        task.request.gates.erase(alarm::Gate::kExact); // a program of the user's may have threads
        task.request.benchmarks = {{.timed = {.name = "command",
                                              .group = "command",
                                              .command = options.command,
                                              .threads = 2, // wall time counts, too
                                              .prints = compare::Prints::kAnything},
                                    .watches = "the command"}};
        task.request.present = present_library(options);
        if (is_program(options.reference)) {
            use_program(options, task);
        } else {
            task.request.reference = named_allocator(options.reference);
        }
        task.context.reference = options.reference;
        task.context.again =
            fmt::format("ashlar alarm{} -- {}", settings_of(options), fmt::join(options.command, " "));
        return task;
    }
    task.request.clock = companion("libalarm_clock.so");
    task.request.benchmarks = or_error([&] {
        return alarm::only(alarm::benchmarks({.scratch = scratch.path(), .scale = options.scale}),
                           options.only);
    });
    task.request.present = present_library(options);
    if (is_file(options.reference)) {
        use_library(options, task);
    } else {
        use_references(options, task);
    }
    task.context.again = "ashlar alarm --explain --only {}" + settings_of(options);
    return task;
}

alarm::Recorded recorded(const Task& task, const alarm::Report& report, const std::string& reason) {
    const machine::Facts facts = machine::collect_facts();
    const std::string commit = task.repository->head();
    return {.commit = commit,
            .date = task.repository->date(commit),
            .reason = reason,
            .processor = facts.processor,
            .processors = facts.usable_processors,
            .memory_kib = facts.memory_kib,
            .load = facts.load,
            .kernel = facts.kernel,
            .compiler = alarm::compiler(),
            .figures = report.figures};
}

// The library that was measured must be that of the commit which is recorded.
void check_recordable(const Options& options, const Task& task) {
    if (!options.update) {
        return;
    }
    const std::string changed = task.repository->changed_files();
    if (!changed.empty()) {
        throw std::invalid_argument(
            "--update records a commit, and these files differ from it; commit them first:\n" + changed);
    }
}

// A figure that is missing in the reference would never be judged against it again.
void check_complete(const Task& task, const alarm::Report& report) {
    std::vector<std::string> missing;
    for (const alarm::Benchmark& benchmark : task.request.benchmarks) {
        const auto found = report.figures.find(benchmark.timed.name);
        const bool counted =
            benchmark.counted.command.empty() ||
            (found != report.figures.end() && found->second.find(kInstructions) != found->second.end());
        if (found == report.figures.end() || !counted) {
            missing.push_back(benchmark.timed.name);
        }
    }
    if (!missing.empty()) {
        throw std::invalid_argument(
            fmt::format("alarm: not recorded, because figures are missing of {}; the report says why",
                        fmt::join(missing, ", ")));
    }
}

void update(const Options& options, Task& task, const alarm::Report& report) {
    const fs::path root = task.repository->root();
    const alarm::Recorded now = recorded(task, report, options.why);
    alarm::References references =
        task.references.value_or(alarm::References{.reference = now, .anchor = now});
    fmt::print("\nThe reference is now {}; what changed:\n{}", now.commit.substr(0, 12),
               report::reference_changes(references.reference, now));
    references.reference = now;
    if (options.anchor) {
        references.anchor = now;
    }
    const bool quiet = report.disturbance.why_not_quiet().empty();
    for (const auto& [key, noise] : quiet ? report.noise : std::map<std::string, double>{}) {
        task.history.noise[task.processor][key].push_back(noise);
    }
    alarm::PastReference past{
        .commit = now.commit, .date = now.date, .reason = now.reason, .instructions = {}};
    for (const auto& [benchmark, figures] : now.figures) {
        if (const auto found = figures.find(kInstructions); found != figures.end()) {
            past.instructions[benchmark] = found->second;
        }
    }
    task.history.references.push_back(std::move(past));
    or_error([&] {
        alarm::write_references(root / kReferenceFile, references);
        alarm::write_history(root / kHistoryFile, task.history);
        return 0;
    });
}

// Times and memory move by chance now and then, counts do not.
bool has_improved_exactly(const alarm::Findings& findings) {
    return std::any_of(findings.begin(), findings.end(), [](const alarm::Finding& each) {
        return each.gate == alarm::Gate::kExact && each.outcome == alarm::Outcome::kImproved;
    });
}

int status_of(const Options& options, const alarm::Report& report) {
    const alarm::Outcome worst = alarm::worst(report.findings);
    // Also where something else was not judged: a noisy machine must not hide it.
    if (worst != alarm::Outcome::kRegressed && options.strict && has_improved_exactly(report.findings)) {
        fmt::print(stderr,
                   "ashlar alarm: improvements are not recorded: run ashlar alarm --update --why \"...\" "
                   "and commit {}\n",
                   kReferenceFile);
        return kSomethingFailed;
    }
    switch (worst) {
    case alarm::Outcome::kRegressed:
        return kSomethingFailed;
    case alarm::Outcome::kNotJudged:
        return kNotAllJudged;
    case alarm::Outcome::kImproved:
    case alarm::Outcome::kPassed:
        break;
    }
    return kSuccess;
}

// A run in which no benchmark was measured is an error, whatever the library's file shows.
void check_measured(const alarm::Report& report) {
    if (report.runs > 0 || alarm::worst(report.findings) == alarm::Outcome::kRegressed) {
        return;
    }
    std::string why;
    for (const alarm::Finding& each : report.findings) {
        if (why.empty() && !each.obstacle.empty()) {
            why = ": " + each.obstacle;
        }
    }
    throw std::invalid_argument("alarm: no benchmark was measured, so nothing can have passed" + why);
}

int write_history_page(const Options& options) {
    const alarm::Repository repository(options.repository);
    const alarm::History history = alarm::read_history(repository.root() / kHistoryFile);
    if (history.references.empty()) {
        throw std::invalid_argument(fmt::format("{} has no reference yet; ashlar alarm --update writes one",
                                                (repository.root() / kHistoryFile).string()));
    }
    output(options.history)->write([&](std::ostream& out) { out << report::page::alarm_history(history); });
    return kSuccess;
}

int run_alarm(const Options& options) {
    check_consistent(options);
    if (!options.history.empty()) {
        return write_history_page(options);
    }
    const auto json = output(options.json);
    const auto junit = output(options.junit);
    const machine::Interrupt interrupt;
    const Scratch scratch;
    Task task = make_task(options, scratch);
    check_recordable(options, task);
    const alarm::Report report = or_error([&] { return alarm::watch(task.request, interrupt, observer()); });
    show_progress("");
    if (interrupt.requested()) {
        return kBySignal + interrupt.signal();
    }
    check_measured(report);
    if (options.json != machine::kStandardOutput && options.junit != machine::kStandardOutput) {
        fmt::print("{}", report::alarm_text(report, task.context, text_settings()));
    }
    if (json) {
        json->write([&](std::ostream& out) { report::write_alarm_json(out, report, task.context); });
    }
    if (junit) {
        junit->write([&](std::ostream& out) { report::write_alarm_junit(out, report, task.context); });
    }
    if (options.update) {
        check_complete(task, report);
        update(options, task, report);
        return kSuccess;
    }
    return status_of(options, report);
}

} // namespace

void add_alarm(CLI::App& app, Action& action) {
    auto options = std::make_shared<Options>();
    CLI::App* const alarm = app.add_subcommand("alarm", "Fail when Ashlar has become slower or larger");
    alarm->footer(kFooter);
    alarm->positionals_at_end();
    alarm->add_option("command", options->command, "A program of yours to judge in place of the benchmarks")
        ->type_name("CMD");
    alarm->add_option("--only", options->only, "Names of benchmarks (all)")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("NAME");
    alarm->add_option("--gates", options->gates, "Which gates judge: exact, memory, time, coarse (all)")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(CLI::IsMember({"exact", "memory", "time", "coarse"}))
        ->type_name("GATE");
    alarm
        ->add_option("--factor", options->factor,
                     "Of the coarse gate: 2 or 3 on a quiet machine, 10 on one with too few processors")
        ->check(between(1.1, 1000))
        ->capture_default_str()
        ->type_name("FACTOR");
    alarm->add_option("--rounds", options->rounds, "Rounds of timed runs")
        ->check(CLI::Range(5, 1000))
        ->capture_default_str()
        ->type_name("N");
    alarm->add_option("--seed", options->seed, "Of the order in the rounds")
        ->capture_default_str()
        ->type_name("N");
    alarm->add_option("--scale", options->scale, "Of the work in timed runs")
        ->check(between(0.01, 100))
        ->capture_default_str()
        ->type_name("FACTOR");
    alarm
        ->add_option("--reference", options->reference,
                     "A commit or a path of a library, in place of the recorded commit; with a command an "
                     "allocator's name, a library or another program")
        ->type_name("REF");
    alarm->add_option("--library", options->library, "The library to judge (that of this tree)")
        ->type_name("FILE");
    alarm->add_option("--repository", options->repository, "A folder of Ashlar's repository")
        ->type_name("FOLDER")
        ->capture_default_str();
    alarm->add_flag("--explain", options->explain, "Say what the counters confirm and eliminate");
    alarm->add_flag("--strict", options->strict, "Fail also for better exact counts that are not recorded");
    alarm->add_flag("--update", options->update, "Record the present commit as the reference");
    alarm->add_flag("--anchor", options->anchor, "With --update: as the anchor, too");
    alarm->add_option("--why", options->why, "With --update: the reason")->type_name("REASON");
    alarm->add_option("--json", options->json, "Write all figures to this file; - for the standard output")
        ->type_name("FILE");
    alarm->add_option("--junit", options->junit, "Write JUnit's XML to this file; - for the standard output")
        ->type_name("FILE");
    alarm
        ->add_option("--history", options->history,
                     "Write a page of all references so far to this file, and end")
        ->type_name("FILE");
    alarm->callback([options, alarm, &action] {
        options->command = command_words(*alarm, options->command);
        action = [options] { return run_alarm(*options); };
    });
}

} // namespace ashlar::commands
