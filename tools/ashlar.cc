// SPDX-License-Identifier: MIT
// ashlar: one command to run, compare and understand programs under different allocators.
#include "commands/command.h"
#include "commands/mistake.h"
#include "machine/standard_streams.h"
#include "machine/terminal.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>

namespace {

using namespace ashlar::commands;
namespace machine = ashlar::machine;

constexpr const char* kFooter = R"(Examples:
  ashlar run -- python3 script.py         on Ashlar instead of the system's malloc
  ashlar doctor -- ./server               is it really, and if not, why
  ashlar profile -- python3 script.py     where its memory comes from
  ashlar bench --quick larson             allocators compared on a benchmark program

`ashlar help COMMAND` has examples of each command and its exit status; the manual has the same as ashlar-COMMAND(1).)";

// Libraries, processes and this program itself are found by it.
bool lacks_proc(const CLI::App& app) {
    std::error_code error;
    const auto needs_none = {"help", "report", "documents"};
    return !std::filesystem::exists("/proc/self/exe", error) &&
           std::none_of(needs_none.begin(), needs_none.end(),
                        [&](const char* name) { return app.got_subcommand(name); });
}

int parse_and_run(CLI::App& app, const Action& action, int argc, char** argv) {
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) { // --help, --version
            app.exit(error);
            return kSuccess;
        }
        machine::tell(stderr, "{}", describe_mistake(app, error));
        return app.got_subcommand("run") ? kOwnFailure : kUsageError; // 2 may be the command's
    }
    if (lacks_proc(app)) {
        machine::tell(stderr,
                      "ashlar: /proc is missing, by which ashlar finds libraries and processes; mount it\n"
                      "  command: mount -t proc proc /proc\n");
        return app.got_subcommand("run") || app.got_subcommand("doctor") ? kOwnFailure : kSomethingFailed;
    }
    return action();
}

int run(int argc, char** argv) {
    CLI::App app("Run, compare and understand programs under different allocators", "ashlar");
    form_help(app);
    app.set_version_flag("--version", ASHLAR_VERSION);
    app.require_subcommand(1);
    Action action;
    add_run(app, action);
    add_doctor(app, action);
    add_bench(app, action);
    add_report(app, action);
    add_compare(app, action);
    add_repeat(app, action);
    add_profile(app, action);
    add_budget(app, action);
    add_alarm(app, action);
    add_stats(app, action);
    add_top(app, action);
    add_help(app, action);
    add_words(app, action);
    add_documents(app, action);
    app.footer(kFooter); // sub-commands that have none yet would take it
    const auto fail = [&](const std::exception& error, int status) {
        machine::tell(stderr, "{}: {}\n", name_of_command(app), error.what());
        return status;
    };
    try {
        return parse_and_run(app, action, argc, argv);
    } catch (const std::invalid_argument& error) {
        return fail(error, kUsageError);
    } catch (const std::exception& error) {
        return fail(error, kSomethingFailed);
    }
}

// Output that was asked for and is lost is a failure, whatever was found out.
int unless_output_is_lost(int status) {
    std::cout.flush();
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout) {
        return status;
    }
    machine::tell(stderr, "ashlar: cannot write to the standard output\n");
    return status == kSuccess ? kSomethingFailed : status;
}

} // namespace

int main(int argc, char** argv) {
    machine::keep_standard_descriptors();
    try {
        return unless_output_is_lost(run(argc, argv));
    } catch (...) { // not even the message about it could be written
        return kSomethingFailed;
    }
}
