// SPDX-License-Identifier: MIT
// ashlar help: prints the --help of a command. Sets the form of all help.
#include "document/help.h"

#include "commands/command.h"
#include "commands/mistake.h"
#include "machine/terminal.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <memory>
#include <string>
#include <vector>

namespace ashlar::commands {

namespace {

constexpr const char* kFooter = R"(Examples:
  ashlar help                                     what commands there are
  ashlar help compare                             the same as ashlar compare --help
  ashlar help bench locks

Exit status: 0, or 2 if there is no such command.)";

// Limits the width: longer lines are hard to read.
std::size_t columns_of_help() {
    constexpr std::size_t kMost = 100;
    return std::min(kMost, static_cast<std::size_t>(machine::columns(stdout)));
}

int show_help(const CLI::App& program, const std::vector<std::string>& words) {
    const CLI::App* command = &program;
    for (const std::string& word : words) {
        command = &find_command(*command, word);
    }
    fmt::print("{}", document::help_text(*command, columns_of_help()));
    return kSuccess;
}

} // namespace

void form_help(CLI::App& app) {
    app.formatter_fn([](const CLI::App* command, const std::string& /*name*/, CLI::AppFormatMode /*mode*/) {
        return document::help_text(*command, columns_of_help());
    });
}

void add_help(CLI::App& app, Action& action) {
    auto words = std::make_shared<std::vector<std::string>>();
    CLI::App* const help = app.add_subcommand("help", "Explain a command");
    help->footer(kFooter);
    help->add_option("command", *words, "The words of the command, as in: bench locks")
        ->default_str("a list of all commands")
        ->type_name("WORD");
    help->callback([&app, words, &action] { action = [&app, words] { return show_help(app, *words); }; });
}

} // namespace ashlar::commands
