// SPDX-License-Identifier: MIT
// ashlar doctor: whether Ashlar is loaded, and if not, why.
#include "commands/command.h"
#include "commands/command_words.h"
#include "commands/number_range.h"
#include "commands/session.h"
#include "commands/subject_obstacle.h"
#include "diagnose/explain.h"
#include "diagnose/library.h"
#include "diagnose/machine_state.h"
#include "diagnose/preload_list.h"
#include "machine/output_file.h"
#include "machine/terminal.h"
#include "observe/machine_advice.h"
#include "report/diagnosis.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <ostream>
#include <stdexcept>

namespace ashlar::commands {

namespace {

struct Options {
    std::vector<std::string> target;
    std::string library;
    double timeout = 10;
    std::string json;
    bool show_output = false;
};

constexpr const char* kFooter = R"(Examples:
  ashlar doctor -- ./server --config test.conf    runs it for 10 seconds, or until it ends
  LD_PRELOAD=/opt/libashlar.so ashlar doctor -- ./wrapper.sh
  ashlar doctor 1234                              a process that runs already
  ashlar doctor --json - -- git status | jq .programs

The command runs as `ashlar run` would run it, or with your LD_PRELOAD if there is one, without input and output; what is left of it after --timeout is killed. Every program that it starts is looked at when it ends: which libraries it has loaded, and which malloc the loader has bound each of them to (so it is also seen if a library was opened with RTLD_DEEPBIND, unless it was closed again). A process that runs already is only read; that needs the right to trace it.

Causes:
  static, architecture, musl, loader, interpreter   what the file is, or lacks
  privileged        setuid, setgid or capabilities: the loader ignores paths in LD_PRELOAD
  own malloc        the program defines malloc itself
  other preload     another preloaded malloc comes first
  not asked for     no LD_PRELOAD names Ashlar
  scrubbed          a program on the way dropped LD_PRELOAD
  missing, no library, noexec, refused   what the loader could not do with the entry
  switched off      ASHLAR_CONF says enabled:false
  deep bind         a library calls another malloc than the rest
  other allocator, own interface   notes: another allocator is there as well
  not seen          ended too early, or not permitted

Advice about the machine and its limits follows, where something stands in an allocator's way: transparent huge pages, the control group's memory, mappings (vm.max_map_count), overcommit, the size of pages, static TLS, limits of the process, and calls that the kernel does not answer. Each has one command. It changes neither verdict nor exit status.

Exit status: 0 if every process runs on Ashlar, 1 if one does not, 2 for wrong arguments, 125 if it could not be found out, 126 if the command cannot be executed, 127 if there is no such command, 128 and the number of the signal if interrupted (130 by Ctrl-C).)";

// Returns the PID if the target is one word of digits.
std::optional<pid_t> process_asked_for(const Options& options) {
    const std::string& word = options.target.front();
    constexpr std::size_t kMostDigits = 9;
    if (options.target.size() != 1 || word.find_first_not_of("0123456789") != std::string::npos) {
        return std::nullopt;
    }
    if (word.empty() || word.size() > kMostDigits) {
        throw std::invalid_argument("'" + word + "' is no number of a process");
    }
    return std::stoi(word);
}

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, " "));
}

// Returns the library that should be loaded. For a running process it may be empty, which allows any.
std::string expected_library(const Options& options, bool must_exist) {
    try {
        return diagnose::library_to_preload(options.library);
    } catch (const std::invalid_argument&) {
        if (must_exist || !options.library.empty()) {
            throw;
        }
        return "";
    }
}

std::string preload_for(const Options& options, const std::string& library) {
    const char* const inherited = std::getenv("LD_PRELOAD"); // NOLINT(concurrency-mt-unsafe)
    const std::string before = inherited == nullptr ? "" : inherited;
    if (!diagnose::preload_entries(before).empty() && options.library.empty()) {
        return before + " (from your environment)";
    }
    const std::string value = diagnose::preload_with(library, before);
    setenv("LD_PRELOAD", value.c_str(), 1); // NOLINT(concurrency-mt-unsafe): there is one thread
    return value + " (set as `ashlar run` sets it)";
}

// Returns the root of a process in another mount namespace, such as a container, else an empty text.
std::string root_of(pid_t process) {
    const auto mounts = [](const std::string& name) {
        std::error_code error;
        return std::filesystem::read_symlink("/proc/" + name + "/ns/mnt", error);
    };
    const std::string name = std::to_string(process);
    return mounts(name).empty() || mounts(name) == mounts("self") ? "" : "/proc/" + name + "/root";
}

std::vector<diagnose::Finding> advice(const std::string& process, const std::string& library,
                                      const std::string& settings, const std::string& errors) {
    const bool is_hardened = library.find("hardened") != std::string::npos;
    return observe::machine_advice(diagnose::machine_state(process),
                                   {.settings = settings, .errors = errors, .is_hardened = is_hardened});
}

report::DiagnosisReport look_at_process(pid_t process, const std::string& library) {
    auto image = diagnose::read_image(process);
    if (!image) {
        throw std::invalid_argument(no_process(process));
    }
    image->loaded = diagnose::loaded_objects(process);
    report::DiagnosisReport report{.asked = fmt::format("process {}", process),
                                   .library = library,
                                   .preload = image->preload.value_or(""),
                                   .note = "",
                                   .summary = {},
                                   .programs = {{.image = *image, .started_by = {}}},
                                   .diagnoses = {},
                                   .foreseen = {}};
    if (image->loaded.known == diagnose::LoadedObjects::Known::kFiles) {
        report.note = "its memory may not be read, so this goes by the mapped files alone";
    }
    report.diagnoses = diagnose::explain(report.programs, library, root_of(process));
    report.summary = diagnose::summarise(report.programs, report.diagnoses);
    report.advice =
        advice(std::to_string(process), report.diagnoses.front().library, image->conf.value_or(""), "");
    return report;
}

std::string note_about(const diagnose::Observation& seen) {
    std::string note;
    if (seen.method == diagnose::Observation::Method::kSampled) {
        note = "tracing is not permitted here, so processes that lived for some milliseconds only may be "
               "missing. ";
    }
    if (seen.timed_out) {
        note += "The command was ended when its time was over (--timeout). ";
    }
    if (seen.ended_by != 0) {
        note += fmt::format("Interrupted by SIG{}. ", sigabbrev_np(seen.ended_by));
    }
    return note.substr(0, note.find_last_not_of(' ') + 1);
}

int write_report(const Options& options, const report::DiagnosisReport& report) {
    if (options.json != machine::kStandardOutput) {
        machine::tell(stdout, "{}", report::diagnosis_text(report, text_settings()));
    }
    if (!options.json.empty()) {
        machine::OutputFile(options.json).write([&](std::ostream& stream) {
            report::write_diagnosis_json(stream, report);
        });
    }
    switch (report.summary.state) {
    case diagnose::State::kLoaded:
        return kSuccess;
    case diagnose::State::kUnknown:
        return kOwnFailure;
    default:
        return kSomethingFailed;
    }
}

int look_at_command(const Options& options, const std::string& library) {
    report::DiagnosisReport report{.asked = joined(options.target),
                                   .library = library,
                                   .preload = preload_for(options, library),
                                   .note = "",
                                   .summary = {},
                                   .programs = {},
                                   .diagnoses = {},
                                   .foreseen = {}};
    diagnose::Foresight foresight = diagnose::foresee(options.target.front());
    if (foresight.prevents_running) {
        report.foreseen = std::move(foresight.findings);
        report.summary = {diagnose::State::kNotLoaded, "not loaded: " + report.foreseen.front().what};
        report.note = "the command was not run";
        return write_report(options, report);
    }
    const auto limit = std::chrono::milliseconds(std::lround(options.timeout * 1000));
    diagnose::Observation seen = diagnose::observe(
        options.target, {.is_look = true, .shows_output = options.show_output, .time_limit = limit});
    if (seen.not_run != 0) {
        return not_run("doctor", options.target.front(), seen.not_run);
    }
    report.note = note_about(seen);
    report.programs = std::move(seen.programs);
    report.diagnoses = diagnose::explain(report.programs, library);
    report.summary = diagnose::summarise(report.programs, report.diagnoses);
    const char* const conf = std::getenv("ASHLAR_CONF"); // NOLINT(concurrency-mt-unsafe): there is one thread
    report.advice = advice("self", library, conf == nullptr ? "" : conf, seen.errors);
    const int status = write_report(options, report);
    return seen.ended_by != 0 ? kBySignal + seen.ended_by : status;
}

int run_doctor(const Options& options) {
    const auto process = process_asked_for(options);
    const std::string library = expected_library(options, !process);
    if (process) {
        return write_report(options, look_at_process(*process, library));
    }
    return look_at_command(options, library);
}

} // namespace

void add_doctor(CLI::App& app, Action& action) {
    auto options = std::make_shared<Options>();
    CLI::App* const doctor =
        app.add_subcommand("doctor", "Find out whether a command or process runs on Ashlar, and if not, why");
    doctor->footer(kFooter);
    doctor->positionals_at_end();
    doctor->add_option("target", options->target, "A command with its arguments, or the number of a process")
        ->type_name("CMD|PID")
        ->required();
    doctor->add_option("--library", options->library, "The library that should be loaded")
        ->default_str("the one that was built or installed with this program")
        ->type_name("FILE");
    doctor
        ->add_option("--timeout", options->timeout,
                     "Seconds after which the command is ended, and judged by what was seen")
        ->check(between(0.01, 86'400))
        ->capture_default_str()
        ->type_name("SECONDS");
    doctor
        ->add_option("--json", options->json,
                     "Write what was found out to this file; - for the standard output, in place of the text")
        ->type_name("FILE");
    doctor->add_flag("--show-output", options->show_output, "Show what the command writes, on stderr");
    doctor->callback([options, doctor, &action] {
        options->target = command_words(*doctor, options->target);
        action = [options] { return run_doctor(*options); };
    });
}

} // namespace ashlar::commands
