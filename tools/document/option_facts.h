// SPDX-License-Identifier: MIT
// What a declared option is, in the words that documents need.
#pragma once

#include <string>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
class Option;
} // namespace CLI

namespace ashlar::document {

// Kinds of words that are asked of this machine when a value is completed: see `ashlar words`.
inline constexpr const char* kAllocators = "allocators";
inline constexpr const char* kSettings = "settings";
inline constexpr const char* kAshlarProcesses = "ashlar-processes";
inline constexpr const char* kProcesses = "processes";

struct OptionFacts {
    std::vector<std::string> names; // "-h", "--help"; of a positional one its name
    std::string value;              // "FILE", "NAME,...", "CMD..."; empty for a flag
    std::string addition;           // "[=CODES]", what may be added to a flag; may be empty
    std::string limits;             // what the value must be, in words; may be empty
    std::string usual;              // the default; may be empty
    std::string description;
    std::vector<std::string> choices; // the values that there are, if they can be listed
    bool is_positional = false;
    bool is_required = false;
    bool is_list = false; // takes several values, with commas between them
    bool is_path = false;
    bool is_command = false; // of the user's, with its arguments
    std::string words;       // the kind of words that it takes; may be empty
};

// Of all options that are not hidden, in the order in which they were declared.
std::vector<OptionFacts> options_of(const CLI::App& command);

// The sub-commands that are not hidden.
std::vector<const CLI::App*> commands_of(const CLI::App& program);

} // namespace ashlar::document
