// SPDX-License-Identifier: MIT
// Parameters of commands: names in braces, "sort --parallel={threads}", that get one value after another.
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

// A value for each of several names.
using Assignment = std::vector<std::pair<std::string, std::string>>;

// Values with commas between them. A comma or backslash that belongs to a value has a backslash before it.
std::vector<std::string> split_values(std::string_view text);

// Every value with every value of the others; the last parameter changes fastest. Of none: one that is empty.
std::vector<Assignment> combinations(const std::vector<Parameter>& parameters);

bool mentions(std::string_view text, const std::string& name);

// Other braces stay, and values are not looked into.
std::string filled(std::string_view text, const Assignment& values);

} // namespace ashlar::compare
