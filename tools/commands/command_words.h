// SPDX-License-Identifier: MIT
// The user's command in the arguments of a sub-command, word for word. It begins after "--", or at the first
// word that is no option. The option parser takes words such as "[a,b]", "[]" and "{}" for lists.
//
// A sub-command that uses this must call positionals_at_end. Then the parser agrees on where the options end.
#pragma once

#include <string>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ashlar::commands {

// Returns the words of the command. `parsed` is the parser's result, used if /proc is unreadable.
std::vector<std::string> command_words(const CLI::App& command, const std::vector<std::string>& parsed);

// Returns the exit status for a command that could not be run, as env and timeout do.
int status_of_not_run(int error);

// Prints "ashlar run: ./x: Permission denied", for example. If blanks in the word may be the reason, a second
// line has the command in a form that can be run. Returns the exit status.
int not_run(const std::string& sub_command, const std::string& word, int error,
            const std::string& form = "-- {}");

} // namespace ashlar::commands
