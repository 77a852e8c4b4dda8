// SPDX-License-Identifier: MIT
#include "commands/mistake.h"

#include "document/footer.h"
#include "document/names.h"
#include "document/option_facts.h"
#include "machine/nearest_word.h"
#include "machine/program_search.h"

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

// "--conf: 1 required SETTINGS missing", as the parser says of an option that ends the line.
std::string without_value(const std::string& message) {
    constexpr std::string_view kMark = ": 1 required ";
    constexpr std::string_view kEnd = " missing";
    const auto mark = message.find(kMark);
    if (mark == std::string::npos || !message.ends_with(kEnd)) {
        return message;
    }
    const std::string value =
        message.substr(mark + kMark.size(), message.size() - kEnd.size() - mark - kMark.size());
    return fmt::format("{} needs a value: {}", message.substr(0, mark), value.substr(0, value.find(':')));
}

// What the command cannot do without; empty if the parser's words have to do.
std::string what_is_missing(const CLI::App& command) {
    for (const document::OptionFacts& option : document::options_of(command)) {
        if (!option.is_positional) {
            continue;
        }
        const std::string value = option.value.substr(0, option.value.find('.'));
        return value == "CMD"       ? "no command is given; name one with its arguments, behind --"
               : value == "CMD|PID" ? "nothing to look at is given; name a command with its arguments, "
                                      "behind --, or the number of a process"
               : value == "PID"     ? "no process is given; name one by its number, as `pgrep -a NAME` and "
                                      "`ps` show it"
               : value == "FILE"    ? "no file is given; name one"
                                    : "";
    }
    return "";
}

// The first one in the command's help, without what it is about.
std::string example_of(const CLI::App& command) {
    for (const document::Paragraph& paragraph : document::parse_footer(command.get_footer())) {
        if (paragraph.title == "Examples") {
            const std::string line = paragraph.body.substr(0, paragraph.body.find('\n'));
            const std::string example = line.substr(std::min(line.find_first_not_of(' '), line.size()));
            return example.substr(0, example.find("  "));
        }
    }
    return "";
}

// For who forgot what is to be done with a program: "python3 script.py".
std::string how_to_run(const std::vector<std::string>& words) {
    const bool is_plain = std::none_of(words.begin(), words.end(), [](const std::string& word) {
        return word.empty() || word.find_first_of(" \t\n'\"\\$`*?[]{}()<>|&;#~!") != std::string::npos;
    });
    return is_plain && machine::find_program(words.front()).error == 0
               ? fmt::format("ashlar run -- {}", fmt::join(words, " "))
               : "";
}

struct Mistake {
    std::string reason;
    std::string example{};
};

Mistake mistake(const CLI::App& command, const CLI::ParseError& error) {
    const std::vector<std::string> words = command.remaining();
    const bool is_program = command.get_parent() == nullptr;
    if (is_program && !words.empty() && !words.front().starts_with('-')) {
        return {fmt::format("there is no command {}{}", words.front(),
                            machine::did_you_mean(words.front(), command_names(command))),
                how_to_run(words)};
    }
    if (const std::string option = unknown_option(command); !option.empty()) {
        return {fmt::format("there is no option {}{}", option,
                            machine::did_you_mean(option, option_names(command)))};
    }
    if (is_program) {
        return {fmt::format("no command is given; there are {}", fmt::join(command_names(command), ", ")),
                example_of(command)};
    }
    if (const std::string missing = what_is_missing(command);
        error.get_name() == "RequiredError" && !missing.empty()) {
        return {missing, example_of(command)};
    }
    const std::string message = error.what();
    return {without_value(message) + hint_for_choice(message)};
}

} // namespace

std::string name_of_command(const CLI::App& program) {
    return document::full_name(innermost(program));
}

std::string describe_mistake(const CLI::App& program, const CLI::ParseError& error) {
    const auto [reason, example] = mistake(innermost(program), error);
    const std::string name = name_of_command(program);
    const std::string rest = name.substr(std::min(name.find(' '), name.size()));
    return fmt::format("{}: {}\n{}See: {} help{}\n", name, reason,
                       example.empty() ? "" : "  example: " + example + "\n", program.get_name(), rest);
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
            fmt::format("{} has no commands of its own", document::full_name(command)));
    }
    throw std::invalid_argument(fmt::format("there is no command {}{}\n{} has {}", name,
                                            machine::did_you_mean(name, names), document::full_name(command),
                                            fmt::join(names, ", ")));
}

} // namespace ashlar::commands
