// SPDX-License-Identifier: MIT
// ashlar run: runs a command with libashlar.so preloaded, and changes nothing else.
#include "commands/command.h"
#include "commands/command_words.h"
#include "diagnose/explain.h"
#include "diagnose/library.h"
#include "diagnose/preload_list.h"
#include "diagnose/settings.h"
#include "machine/terminal.h"
#include "report/diagnosis.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <memory>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ashlar::commands {

namespace {

struct Options {
    std::string conf;
    std::string library;
    bool hardened = false;
    bool verbose = false;
    std::vector<std::string> command;
};

constexpr const char* kFooter = R"(Examples:
  ashlar run -- python3 script.py                 on Ashlar instead of the system's malloc
  ashlar run --verbose -- make -j2                and afterwards which processes had it
  ashlar run --conf background:true,thread_cache:256k -- redis-server
  ashlar run --conf print:true -- true            what the settings are
  ashlar run --hardened -- ./server               on libashlar-hardened.so, which ends at the first misuse

The command takes the place of `ashlar run`: it keeps its process, terminal and signals. With --verbose it is watched instead (by ptrace where that is permitted), gets the signals that are sent to `ashlar run`, and what was seen is told on stderr when it has ended; a watched program gets no privileges from setuid files unless root watches.

Ashlar goes before other libraries that LD_PRELOAD names already, because the first that defines malloc serves it; only the runtimes of sanitizers stay before it.

Exit status: that of the command; 125 if `ashlar run` itself fails or its arguments are wrong, 126 if the command is there but cannot be executed, 127 if there is no such command. A command that dies by a signal shows the same to the shell as without `ashlar run` (128 + its number).)";

std::string variable(const char* name) {
    const char* const value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): there is one thread
    return value == nullptr ? "" : value;
}

void set_variable(const char* name, const std::string& value) {
    setenv(name, value.c_str(), 1); // NOLINT(concurrency-mt-unsafe): there is one thread
}

// Throws if the settings are wrong. Only the library knows its settings. It is asked before the command
// starts, because the command's output would hide its message.
void check_conf(const std::string& conf, const std::string& library) {
    std::string complaint = diagnose::mistake_in_settings(conf, library);
    if (complaint.empty()) {
        return;
    }
    if (const auto ignored = complaint.find(" ignored;"); ignored != std::string::npos) {
        complaint.erase(ignored, sizeof " ignored" - 1); // here the setting is an error
    }
    throw std::invalid_argument("--conf: " + complaint + " (docs/configuration.md has all keys)");
}

void set_environment(const Options& options, const std::string& library) {
    const std::string before = variable("LD_PRELOAD");
    const std::string value = diagnose::preload_with(library, before);
    const bool has_others = diagnose::preload_entries(value).size() > 1;
    if (has_others && value != before) {
        machine::tell(stderr, "ashlar run: keeps what LD_PRELOAD names already, in this order: {}\n", value);
    }
    if (!options.conf.empty()) {
        const std::string inherited = variable("ASHLAR_CONF");
        check_conf(options.conf, library);
        // The last value of a key is used.
        set_variable("ASHLAR_CONF", inherited.empty() ? options.conf : inherited + "," + options.conf);
    }
    set_variable("LD_PRELOAD", value);
}

int become(std::vector<std::string> command) {
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (std::string& argument : command) {
        arguments.push_back(argument.data());
    }
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    return not_run("run", command[0], errno);
}

// Ends like the command, so that the parent sees the same ending.
int end_like(int status) {
    if (!WIFSIGNALED(status)) {
        return WEXITSTATUS(status);
    }
    const int signal_number = WTERMSIG(status);
    const rlimit no_core{.rlim_cur = 0, .rlim_max = 0}; // the command has dumped its own core
    setrlimit(RLIMIT_CORE, &no_core);
    prctl(PR_SET_DUMPABLE, 0);
    std::signal(signal_number, SIG_DFL);
    std::fflush(nullptr);
    raise(signal_number);
    return 128 + signal_number;
}

int watch(const Options& options, const std::string& library) {
    const diagnose::Observation seen = diagnose::observe(options.command, {});
    if (seen.not_run != 0) {
        return not_run("run", options.command[0], seen.not_run);
    }
    const auto diagnoses = diagnose::explain(seen.programs, library);
    const auto summary = diagnose::summarise(seen.programs, diagnoses);
    machine::tell(stderr, "ashlar run: {} ({})\n{}", summary.sentence, library,
                  report::program_lines(seen.programs, diagnoses, "ashlar run: "));
    if (seen.method == diagnose::Observation::Method::kSampled) {
        machine::tell(stderr, "ashlar run: tracing is not permitted here, so processes that lived for some "
                              "milliseconds only may be missing\n");
    }
    return end_like(seen.status);
}

int run_command(const Options& options) {
    try {
        const std::string library =
            diagnose::library_to_preload(options.library, options.hardened ? allocators::Edition::kHardened
                                                                           : allocators::Edition::kDefault);
        set_environment(options, library);
        return options.verbose ? watch(options, library) : become(options.command);
    } catch (const std::exception& error) {
        machine::tell(stderr, "ashlar run: {}\n", error.what());
        return kOwnFailure;
    }
}

} // namespace

void add_run(CLI::App& app, Action& action) {
    auto options = std::make_shared<Options>();
    CLI::App* const run = app.add_subcommand("run", "Run a command on Ashlar");
    run->footer(kFooter);
    run->positionals_at_end();
    run->add_option("command", options->command, "What to run, with its arguments")
        ->type_name("CMD")
        ->required();
    auto* const hardened = run->add_flag(
        "--hardened", options->hardened,
        "Preload libashlar-hardened.so, which reports overflows, double frees and writes after free");
    run->add_option(
           "--conf", options->conf,
           "Settings, as key:value,key:value; they come after those of ASHLAR_CONF, and the last one of a "
           "key counts")
        ->type_name("SETTINGS");
    run->add_option("--library", options->library, "The library to preload")
        ->default_str("the one that was built or installed with this program")
        ->type_name("FILE")
        ->excludes(hardened);
    run->add_flag("--verbose", options->verbose, "Say afterwards, on stderr, which processes ran on Ashlar");
    run->callback([options, run, &action] {
        options->command = command_words(*run, options->command);
        action = [options] { return run_command(*options); };
    });
}

} // namespace ashlar::commands
