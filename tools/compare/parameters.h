// SPDX-License-Identifier: MIT
// Parameters of commands: names in braces, as in "sort --parallel={threads}", with a list of values each.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ashlar::compare {

struct Parameter {
    std::string name;
    std::vector<std::string> values;
};

// One value for each of several names.
using Assignment = std::vector<std::pair<std::string, std::string>>;

// Splits values at commas. A backslash precedes a comma or backslash that belongs to a value.
std::vector<std::string> split_values(std::string_view text);

// Returns all combinations of values. The last parameter changes fastest. No parameters: an empty assignment.
std::vector<Assignment> combinations(const std::vector<Parameter>& parameters);

bool mentions(std::string_view text, const std::string& name);

// Replaces the names in braces by their values. Keeps other braces, and replaces nothing within values.
std::string filled(std::string_view text, const Assignment& values);

} // namespace ashlar::compare
