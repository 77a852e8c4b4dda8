// SPDX-License-Identifier: MIT
// The command of the user's in a sub-command's arguments, word for word: behind "--", or from the first word
// on that is no option. The parser of options takes words such as "[a,b]", "[]" and "{}" for lists.
#pragma once

#include <string>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ashlar::commands {

// `parsed`: what the parser made of it, which is used if /proc does not tell.
std::vector<std::string> command_words(const CLI::App& command, const std::vector<std::string>& parsed);

} // namespace ashlar::commands
