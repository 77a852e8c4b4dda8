// SPDX-License-Identifier: MIT
#include "commands/command_words.h"

#include "commands/command.h"
#include "machine/files.h"
#include "machine/terminal.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <system_error>

namespace ashlar::commands {

namespace {

// Returns the number of words after this option that belong to it.
int words_of_option(const CLI::App& command, const std::string& word) {
    const CLI::Option* const option = command.get_option_no_throw(word);
    return option != nullptr && option->get_items_expected_max() > 0 ? option->get_type_size() : 0;
}

} // namespace

std::vector<std::string> command_words(const CLI::App& command, const std::vector<std::string>& parsed) {
    const std::vector<std::string> words = machine::command_line();
    auto word = std::find(words.begin(), words.end(), command.get_name());
    if (word == words.end()) {
        return parsed;
    }
    ++word;
    while (word != words.end() && word->starts_with('-') && *word != "--") {
        const auto left = words.end() - word;
        word += std::min<std::ptrdiff_t>(1 + words_of_option(command, *word), left);
    }
    if (word != words.end() && *word == "--") {
        ++word;
    }
    // No word is left if the parser takes a word with a dash, such as -5, for the command.
    return word == words.end() ? parsed : std::vector<std::string>(word, words.end());
}

int status_of_not_run(int error) {
    return error == ENOENT ? kNotFound : kNotExecutable;
}

int not_run(const std::string& sub_command, const std::string& word, int error, const std::string& form) {
    machine::tell(stderr, "ashlar {}: {}: {}\n", sub_command, word, std::generic_category().message(error));
    if (word.find(' ') != std::string::npos) { // a whole command line as one argument
        machine::tell(stderr, "  example: ashlar {} {}\n", sub_command,
                      fmt::format(fmt::runtime(form), word));
    }
    return status_of_not_run(error);
}

} // namespace ashlar::commands
