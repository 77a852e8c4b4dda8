// SPDX-License-Identifier: MIT
#include "compare/parameters.h"

#include <algorithm>

namespace ashlar::compare {

std::vector<std::string> split_values(std::string_view text) {
    std::vector<std::string> values{""};
    for (std::size_t place = 0; place < text.size(); ++place) {
        const bool escapes = text[place] == '\\' && place + 1 < text.size() &&
                             (text[place + 1] == ',' || text[place + 1] == '\\');
        if (text[place] == ',') {
            values.emplace_back();
        } else {
            place += escapes ? 1 : 0;
            values.back() += text[place];
        }
    }
    return values;
}

std::vector<Assignment> combinations(const std::vector<Parameter>& parameters) {
    std::vector<Assignment> found{{}};
    for (const Parameter& parameter : parameters) {
        std::vector<Assignment> longer;
        for (const Assignment& start : found) {
            for (const std::string& value : parameter.values) {
                longer.push_back(start);
                longer.back().emplace_back(parameter.name, value);
            }
        }
        found = std::move(longer);
    }
    return found;
}

bool mentions(std::string_view text, const std::string& name) {
    return text.find("{" + name + "}") != std::string_view::npos;
}

std::string filled(std::string_view text, const Assignment& values) {
    std::string result;
    while (!text.empty()) {
        const auto value = std::find_if(values.begin(), values.end(), [&](const auto& each) {
            return text.starts_with("{" + each.first + "}");
        });
        result += value == values.end() ? std::string(1, text.front()) : value->second;
        text.remove_prefix(value == values.end() ? 1 : value->first.size() + 2);
    }
    return result;
}

} // namespace ashlar::compare
