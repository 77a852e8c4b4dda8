// SPDX-License-Identifier: MIT
// The command of the user's in a sub-command's arguments, word for word: behind "--", or from the first word
// on that is no option. The parser of options takes words such as "[a,b]", "[]" and "{}" for lists.
//
// A sub-command that uses this declares its positional arguments to come last (positionals_at_end), so that
// the parser agrees on where the options end.
#pragma once

#include <string>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ashlar::commands {

// `parsed`: what the parser made of it, which is used if /proc does not tell.
std::vector<std::string> command_words(const CLI::App& command, const std::vector<std::string>& parsed);

// The exit status for a command that could not be run, as env and timeout have it.
int status_of_not_run(int error);

// The same, after one line that says so: "ashlar run: ./x: Permission denied". If blanks in the word may be
// why, a second line has the command in a form that can be run.
int not_run(const std::string& sub_command, const std::string& word, int error,
            const std::string& form = "-- {}");

} // namespace ashlar::commands
