// SPDX-License-Identifier: MIT
#include "document/fish_completion.h"

#include "document/option_facts.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ashlar::document {

namespace {

constexpr const char* kCommonPart = R"fish(# Written by `ashlar documents`.

# The command line begins with these words, and no other command of ashlar's follows.
function __ashlar_in
    set -l words (commandline -opc)
    set -l last (math (count $argv) + 1)
    set -l begin $words[2..$last]
    test (count $words) -ge $last; and test "$begin" = "$argv"; or return 1
    contains -- -- $words; and return 1
    test $last -gt 2; or not contains -- "$words[2] $words[3]" $__ashlar_pairs
end

# A command of the user's is being typed, behind "--".
function __ashlar_behind_dashes
    contains -- -- (commandline -opc)
end
function __ashlar_users_command
    set -l words (commandline -opc)
    set -e words[1..(contains -i -- -- $words)]
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
end

# Words that ashlar itself knows: allocators, settings, processes.
function __ashlar_words
    set -l words (commandline -opc)
    $words[1] words $argv[1] 2>/dev/null
end

# The same for the last part of a list with commas.
function __ashlar_list
    set -l before (string match -r '.*,' -- (string replace -r '^--?[a-z-]+=' '' -- (commandline -ct)))
    for word in (__ashlar_words $argv[1])
        echo "$before$word"
    end
end

complete -c ashlar -f
complete -c ashlar -n __ashlar_behind_dashes -a '(__ashlar_users_command)'
)fish";

std::string quoted(const std::string& text) {
    std::string result = "'";
    for (const char each : text) {
        result += each == '\'' || each == '\\' ? std::string{'\\', each} : std::string{each};
    }
    return result + "'";
}

// Shortens the text to fit a line beside the name.
std::string short_text(const std::string& text) {
    constexpr std::size_t kLongest = 70;
    const std::string first = text.substr(0, text.find_first_of(";:("));
    const std::string trimmed = first.substr(0, first.find_last_not_of(' ') + 1);
    return trimmed.size() <= kLongest ? trimmed : trimmed.substr(0, trimmed.rfind(' ', kLongest));
}

// Returns the completion of the option's value.
std::string values(const OptionFacts& option) {
    if (!option.words.empty()) {
        return fmt::format(" -x -a '({} {})'", option.is_list ? "__ashlar_list" : "__ashlar_words",
                           option.words);
    }
    if (!option.choices.empty()) {
        return fmt::format(" -x -a {}", quoted(fmt::format("{}", fmt::join(option.choices, " "))));
    }
    return option.value.empty() ? "" : option.is_path ? " -r -F" : " -x";
}

std::string option_line(const std::string& condition, const OptionFacts& option) {
    std::string names;
    for (const std::string& name : option.names) {
        names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    return fmt::format("complete -c ashlar -n '{}'{}{} -d {}\n", condition, names, values(option),
                       quoted(short_text(option.description)));
}

std::string positional_lines(const std::string& condition, const OptionFacts& option) {
    std::string text;
    if (option.is_command) {
        text += fmt::format("complete -c ashlar -n '{}' -a '(__fish_complete_command)'\n", condition);
    }
    if (option.is_path) {
        text += fmt::format("complete -c ashlar -n '{}' -F\n", condition);
    }
    const std::string offered = option.is_path ? "" : values(option);
    if (const auto words = offered.find("-a "); words != std::string::npos) {
        text += fmt::format("complete -c ashlar -n '{}' {}\n", condition, offered.substr(words));
    }
    return text;
}

std::string command_lines(const std::string& words, const CLI::App& command) {
    const std::string condition = "__ashlar_in " + words;
    std::string text = fmt::format("\n# ashlar {}\n", words);
    for (const CLI::App* const below : commands_of(command)) {
        text += fmt::format("complete -c ashlar -n '{}' -a {} -d {}\n", condition, below->get_name(),
                            quoted(short_text(below->get_description())));
    }
    for (const OptionFacts& option : options_of(command)) {
        text += option.is_positional ? positional_lines(condition, option) : option_line(condition, option);
    }
    for (const CLI::App* const below : commands_of(command)) {
        text += command_lines(words + " " + below->get_name(), *below);
    }
    return text;
}

} // namespace

std::string fish_completion(const CLI::App& program) {
    std::string text = kCommonPart;
    std::string pairs;
    std::string commands;
    for (const CLI::App* const command : commands_of(program)) {
        text += fmt::format("complete -c ashlar -n __fish_is_first_token -a {} -d {}\n", command->get_name(),
                            quoted(short_text(command->get_description())));
        for (const CLI::App* const below : commands_of(*command)) {
            pairs += fmt::format(" '{} {}'", command->get_name(), below->get_name());
        }
        commands += command_lines(command->get_name(), *command);
    }
    for (const OptionFacts& option : options_of(program)) {
        text += option_line("__fish_is_first_token", option);
    }
    return text + "set -g __ashlar_pairs" + pairs + "\n" + commands;
}

} // namespace ashlar::document
