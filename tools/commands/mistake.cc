// SPDX-License-Identifier: MIT
#include "commands/mistake.h"

#include "document/names.h"
#include "document/option_facts.h"
#include "machine/nearest_word.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdexcept>

namespace ashlar::commands {

namespace {

// Returns the last sub-command on the command line.
const CLI::App& innermost(const CLI::App& program) {
    const CLI::App* command = &program;
    while (!command->get_subcommands().empty()) {
        command = command->get_subcommands().front();
    }
    return *command;
}

std::vector<std::string> command_names(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::App* const below : document::commands_of(command)) {
        names.push_back(below->get_name());
    }
    return names;
}

std::vector<std::string> option_names(const CLI::App& command) {
    std::vector<std::string> names;
    for (const document::OptionFacts& option : document::options_of(command)) {
        if (!option.is_positional) {
            names.insert(names.end(), option.names.begin(), option.names.end());
        }
    }
    return names;
}

// Returns the first unknown word that looks like an option, or an empty text.
std::string unknown_option(const CLI::App& command) {
    const std::vector<std::string> words = command.remaining();
    const auto found = std::find_if(words.begin(), words.end(), [](const std::string& word) {
        return word.size() > 1 && word.starts_with('-') && word != "--";
    });
    return found == words.end() ? "" : found->substr(0, found->find('='));
}

// Returns a suggestion for the parser's message "x not in {a,b}", or an empty text.
std::string hint_for_choice(const std::string& message) {
    constexpr std::string_view kMark = " not in {";
    const auto mark = message.find(kMark);
    if (mark == std::string::npos || !message.ends_with('}')) {
        return "";
    }
    const auto begin = message.rfind(' ', mark - 1) + 1; // npos + 1 is 0
    const std::string word = message.substr(begin, mark - begin);
    std::vector<std::string> choices;
    std::string rest = message.substr(mark + kMark.size(), message.size() - 1 - mark - kMark.size());
    while (!rest.empty()) {
        choices.push_back(rest.substr(0, rest.find(',')));
        rest.erase(0, choices.back().size() + 1);
    }
    return machine::did_you_mean(word, choices);
}

std::string reason(const CLI::App& command, const CLI::ParseError& error) {
    if (const std::string option = unknown_option(command); !option.empty()) {
        return fmt::format("there is no option {}{}", option,
                           machine::did_you_mean(option, option_names(command)));
    }
    if (command.get_parent() == nullptr) {
        const std::vector<std::string> words = command.remaining();
        return words.empty()
                   ? fmt::format("no command is given; there are {}", fmt::join(command_names(command), ", "))
                   : fmt::format("there is no command {}{}", words.front(),
                                 machine::did_you_mean(words.front(), command_names(command)));
    }
    const std::string message = error.what();
    return message + hint_for_choice(message);
}

} // namespace

std::string describe_mistake(const CLI::App& program, const CLI::ParseError& error) {
    const CLI::App& command = innermost(program);
    const std::string name = document::full_name(command);
    const std::string rest = name.substr(std::min(name.find(' '), name.size()));
    return fmt::format("{}: {}\nSee: {} help{}\n", name, reason(command, error), program.get_name(), rest);
}

const CLI::App& find_command(const CLI::App& command, const std::string& name) {
    for (const CLI::App* const below : document::commands_of(command)) {
        if (below->get_name() == name) {
            return *below;
        }
    }
    const std::vector<std::string> names = command_names(command);
    if (names.empty()) {
        throw std::invalid_argument(
            fmt::format("help: {} has no commands of its own", document::full_name(command)));
    }
    throw std::invalid_argument(fmt::format("help: there is no command {}{}\n{} has {}", name,
                                            machine::did_you_mean(name, names), document::full_name(command),
                                            fmt::join(names, ", ")));
}

} // namespace ashlar::commands
