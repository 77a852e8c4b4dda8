// SPDX-License-Identifier: MIT
// Facts about a declared option, in the words of documents.
#pragma once

#include <string>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
class Option;
} // namespace CLI

namespace ashlar::document {

// Kinds of words that completion asks `ashlar words` for.
inline constexpr const char* kAllocators = "allocators";
inline constexpr const char* kSettings = "settings";
inline constexpr const char* kAshlarProcesses = "ashlar-processes";
inline constexpr const char* kProcesses = "processes";

struct OptionFacts {
    std::vector<std::string> names; // "-h", "--help"; of a positional option its name
    std::string value;              // "FILE", "NAME,...", "CMD..."; empty for a flag
    std::string addition;           // optional value of a flag, "[=CODES]"; may be empty
    std::string limits;             // valid values in words; may be empty
    std::string usual;              // default; may be empty
    std::string description;
    std::vector<std::string> choices; // all valid values, if they can be listed
    bool is_positional = false;
    bool is_required = false;
    bool is_list = false; // takes several values, separated by commas
    bool is_path = false;
    bool is_command = false; // a command of the user, with its arguments
    std::string words;       // kind of words for completion; may be empty
};

// Returns all options that are not hidden, in the order of declaration.
std::vector<OptionFacts> options_of(const CLI::App& command);

// Returns the sub-commands that are not hidden.
std::vector<const CLI::App*> commands_of(const CLI::App& program);

} // namespace ashlar::document
