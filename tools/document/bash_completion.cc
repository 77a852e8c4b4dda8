// SPDX-License-Identifier: MIT
#include "document/bash_completion.h"

#include "document/option_facts.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace ashlar::document {

namespace {

// Part for all commands. Bash splits words at `=` and `:`, so `--option=value` is three words, like a
// setting.
constexpr const char* kCommonPart = R"bash(# Written by `ashlar documents`.

# Offers those of the words that begin like the one that is typed; in a list, like its last part.
_ashlar_offer() { # words is_list
    local current=$_ashlar_current before=
    if [[ $2 == list && $current == *,* ]]; then
        before=${current%,*},
        current=${current##*,}
    fi
    mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "$current")
    # Bash replaces only what stands behind the last colon.
    if [[ $_ashlar_current == *:* && $COMP_WORDBREAKS == *:* ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${_ashlar_current%"${_ashlar_current##*:}"}"}")
    fi
    if [[ ${COMPREPLY[0]-} == *: ]]; then
        compopt -o nospace 2>/dev/null
    fi
}

# Words that ashlar itself knows: allocators, settings, processes.
_ashlar_words() { # kind is_list
    _ashlar_offer "$("${COMP_WORDS[0]}" words "$1" 2>/dev/null | cut -f1)" "$2"
}

# A command of the user's, whose first word is at this index.
_ashlar_command() {
    if ((COMP_CWORD == $1)); then
        mapfile -t COMPREPLY < <(compgen -c -- "$_ashlar_current")
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    fi
}

_ashlar() {
    local _ashlar_current=${COMP_WORDS[COMP_CWORD]} index
    local at=$COMP_CWORD
    COMPREPLY=()
    while ((at > 2)) && [[ $_ashlar_current == :* || ${COMP_WORDS[at - 1]} == : ]]; do
        _ashlar_current=${COMP_WORDS[--at]}$_ashlar_current
    done
    local previous=${COMP_WORDS[at - 1]}
    if [[ $_ashlar_current == = ]]; then
        _ashlar_current=
    elif [[ $previous == = ]]; then
        previous=${COMP_WORDS[at - 2]}
    fi
    for ((index = 2; index < COMP_CWORD; ++index)); do
        if [[ ${COMP_WORDS[index]} == -- ]]; then
            _ashlar_command $((index + 1))
            return
        fi
    done
)bash";

std::string names_of(const std::vector<OptionFacts>& options) {
    std::string names;
    for (const OptionFacts& option : options) {
        if (!option.is_positional) {
            names += (names.empty() ? "" : " ") + fmt::format("{}", fmt::join(option.names, " "));
        }
    }
    return names;
}

// Returns the completion of a value: choices, files for a path, else none. Bash completes files itself.
std::string value_case(const OptionFacts& option) {
    const std::string patterns = fmt::format("{}", fmt::join(option.names, "|"));
    const char* const how = option.is_list ? "list" : "one";
    if (!option.words.empty()) {
        return fmt::format("        {}) _ashlar_words {} {}; return ;;\n", patterns, option.words, how);
    }
    if (!option.choices.empty()) {
        return fmt::format("        {}) _ashlar_offer '{}' {}; return ;;\n", patterns,
                           fmt::join(option.choices, " "), how);
    }
    return fmt::format("        {}) {}return ;;\n", patterns,
                       option.is_path ? "" : "compopt +o default 2>/dev/null; ");
}

// Returns the completion behind a command, depending on the words before the cursor.
std::string command_body(const CLI::App& command) {
    const auto options = options_of(command);
    std::string values;
    std::string choices;
    bool takes_command = false;
    std::string words;
    for (const OptionFacts& option : options) {
        if (option.is_positional) {
            choices += fmt::format(" {}", fmt::join(option.choices, " "));
            takes_command = takes_command || option.is_command;
            words = option.words;
        } else if (!option.value.empty()) {
            values += value_case(option);
        }
    }
    for (const CLI::App* const below : commands_of(command)) {
        choices += " " + below->get_name();
    }
    std::string text;
    if (!values.empty()) {
        text += "        case $previous in\n" + values + "        esac\n";
    }
    text += fmt::format("        if [[ $_ashlar_current == -* ]]; then _ashlar_offer '{}{}' one\n",
                        names_of(options), takes_command ? " --" : "");
    if (takes_command && !words.empty()) { // a number is completed as a process, other text as a command
        text +=
            fmt::format("        elif [[ $_ashlar_current == [0-9]* ]]; then _ashlar_words {} one\n", words);
    }
    if (takes_command) {
        text += "        else _ashlar_command $COMP_CWORD\n";
    } else if (!words.empty()) {
        text += fmt::format("        else _ashlar_words {} one\n", words);
    } else if (choices.find_first_not_of(' ') != std::string::npos) {
        text += fmt::format("        else _ashlar_offer '{}' one\n", choices.substr(1));
    }
    return text + "        fi\n";
}

// A sub-command is its command's next word.
std::string command_case(const CLI::App& command) {
    std::string text = fmt::format("    {})\n", command.get_name());
    for (const CLI::App* const below : commands_of(command)) {
        text += fmt::format("        if ((COMP_CWORD > 2)) && [[ ${{COMP_WORDS[2]}} == {} ]]; then\n{}"
                            "        return\n        fi\n",
                            below->get_name(), command_body(*below));
    }
    return text + command_body(command) + "        ;;\n";
}

} // namespace

std::string bash_completion(const CLI::App& program) {
    std::string names;
    std::string cases;
    for (const CLI::App* const command : commands_of(program)) {
        names += command->get_name() + " ";
        cases += command_case(*command);
    }
    return kCommonPart + fmt::format("    if ((COMP_CWORD == 1)); then\n"
                                     "        _ashlar_offer '{}{}' one\n"
                                     "        return\n"
                                     "    fi\n"
                                     "    case ${{COMP_WORDS[1]}} in\n{}    esac\n}}\n"
                                     "complete -o default -F _ashlar {}\n",
                                     names, names_of(options_of(program)), cases, program.get_name());
}

} // namespace ashlar::document
