// SPDX-License-Identifier: MIT
#include "document/zsh_completion.h"

#include "document/option_facts.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ashlar::document {

namespace {

constexpr const char* kCommonPart = R"zsh(#compdef ashlar
# Written by `ashlar documents`.

# Words that ashlar itself knows: allocators, settings, processes.
_ashlar_words() { # kind is_list
    local -a found shown ends
    local line
    for line in "${(@f)$(_call_program $1 ${(q)_ashlar_program} words $1 2>/dev/null)}"; do
        [[ -n $line ]] || continue
        found+=("${line%%$'\t'*}")
        shown+=("${line/$'\t'/  }")
    done
    [[ $2 == list ]] && { compset -P '*,'; ends=(-S '') }
    compadd $ends -l -d shown -- $found
}

# The choices of a list with commas.
_ashlar_list() { # words...
    compset -P '*,'
    compadd -S '' -- "$@"
}

)zsh";

// Escapes text within single quotes for _arguments, which splits at colons and brackets.
std::string escaped(const std::string& text) {
    std::string result;
    for (const char each : text) {
        if (each == '\'') {
            result += "'\\''";
        } else if (each == ':' || each == '[' || each == ']' || each == '\\') {
            result += std::string{'\\', each};
        } else {
            result += each;
        }
    }
    return result;
}

// Returns the completion of the option's value.
std::string action(const OptionFacts& option) {
    if (option.is_command) {
        return option.words.empty() ? "_normal" : "_ashlar_target";
    }
    if (!option.words.empty()) {
        return fmt::format("_ashlar_words {} {}", option.words, option.is_list ? "list" : "one");
    }
    if (!option.choices.empty()) {
        return option.is_list ? fmt::format("_ashlar_list {}", fmt::join(option.choices, " "))
                              : fmt::format("({})", fmt::join(option.choices, " "));
    }
    return option.is_path ? "_files" : " ";
}

std::string option_spec(const OptionFacts& option) {
    const std::string rest =
        fmt::format("'[{}]{}'", escaped(option.description),
                    option.value.empty() ? "" : fmt::format(":{}:{}", escaped(option.value), action(option)));
    // The value follows `=` or is the next word.
    const auto form = [&](const std::string& name) {
        return option.value.empty() ? name : name + (name.starts_with("--") ? "=" : "+");
    };
    if (option.names.size() == 1) {
        return fmt::format("            {}{}", form(option.names.front()), rest);
    }
    std::string names;
    for (const std::string& name : option.names) {
        names += (names.empty() ? "" : ",") + form(name);
    }
    return fmt::format("            '({})'{{{}}}{}", fmt::join(option.names, " "), names, rest);
}

std::string positional_spec(const OptionFacts& option) {
    return fmt::format("            '{}{}:{}'", option.is_command ? "*:::" : "*:", escaped(option.value),
                       action(option));
}

// The words that _arguments sees begin with the command's own name.
std::string arguments(const CLI::App& command, const std::string& first_word_action) {
    std::string specs;
    bool has_positional = false;
    for (const OptionFacts& option : options_of(command)) {
        if (option.is_positional) {
            has_positional = true;
            if (!first_word_action.empty()) {
                specs +=
                    " \\\n" + fmt::format("            '*:{}:{}'", escaped(option.value), first_word_action);
                continue;
            }
        }
        specs += " \\\n" + (option.is_positional ? positional_spec(option) : option_spec(option));
    }
    return "        _arguments -s -S" + std::string(has_positional ? " -A '-*'" : "") + specs + "\n";
}

std::string described(const std::vector<const CLI::App*>& commands) {
    std::string text;
    for (const CLI::App* const command : commands) {
        text +=
            fmt::format("            '{}:{}'\n", command->get_name(), escaped(command->get_description()));
    }
    return text;
}

// Completes the first word with its values and the sub-commands.
std::string words_with_commands(const CLI::App& command) {
    std::string words;
    for (const OptionFacts& option : options_of(command)) {
        if (option.is_positional) {
            words += fmt::format("{}", fmt::join(option.choices, " "));
        }
    }
    for (const CLI::App* const below : commands_of(command)) {
        words += " " + below->get_name();
    }
    return "_ashlar_first " + words;
}

std::string command_case(const CLI::App& command) {
    const auto below = commands_of(command);
    std::string text = fmt::format("    ({})\n", command.get_name());
    for (const CLI::App* const each : below) {
        text += fmt::format("        if ((CURRENT > 2)) && [[ $words[2] == {} ]]; then\n"
                            "        shift words; ((CURRENT--))\n{}        return\n        fi\n",
                            each->get_name(), arguments(*each, ""));
    }
    return text + arguments(command, below.empty() ? "" : words_with_commands(command)) + "        ;;\n";
}

} // namespace

std::string zsh_completion(const CLI::App& program) {
    std::string cases;
    std::string options;
    for (const CLI::App* const command : commands_of(program)) {
        cases += command_case(*command);
    }
    for (const OptionFacts& option : options_of(program)) {
        for (const std::string& name : option.names) {
            options += " " + name;
        }
    }
    return kCommonPart + fmt::format(R"zsh(# A process by its number, or a command.
_ashlar_target() {{
    if ((CURRENT == 1)); then _ashlar_words processes one; fi
    _normal
}}

# The values of a first word, and files.
_ashlar_first() {{
    compadd -- "$@"
    _files
}}

_ashlar() {{
    local _ashlar_program=$words[1]
    if ((CURRENT == 2)); then
        local -a commands=(
{}        )
        _describe command commands
        compadd --{}
        return
    fi
    shift words; ((CURRENT--))
    case $words[1] in
{}    esac
}}

_ashlar "$@"
)zsh",
                                     described(commands_of(program)), options, cases);
}

} // namespace ashlar::document
