// SPDX-License-Identifier: MIT
#include "report/csv.h"

#include <algorithm>

namespace ashlar::report {

namespace {

void add_line(std::string& text, const std::vector<std::string>& fields) {
    for (std::size_t index = 0; index < fields.size(); ++index) {
        text += (index == 0 ? "" : ",") + csv_field(fields[index]);
    }
    text += '\n';
}

std::vector<std::string> all_columns(const std::vector<Findings>& results) {
    std::vector<std::string> columns;
    for (const Findings& findings : results) {
        for (const std::string& column : findings.columns) {
            if (std::find(columns.begin(), columns.end(), column) == columns.end()) {
                columns.push_back(column);
            }
        }
    }
    return columns;
}

} // namespace

std::string csv_field(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
        return std::string(text);
    }
    std::string quoted = "\"";
    for (const char each : text) {
        quoted += each == '"' ? "\"\"" : std::string(1, each);
    }
    return quoted + '"';
}

std::string csv(const std::vector<Findings>& results) {
    const std::vector<std::string> columns = all_columns(results);
    std::string text;
    add_line(text, columns);
    for (const Findings& findings : results) {
        std::vector<std::size_t> places; // places of this result's columns among all columns
        for (const std::string& column : findings.columns) {
            places.push_back(static_cast<std::size_t>(std::find(columns.begin(), columns.end(), column) -
                                                      columns.begin()));
        }
        for (const Sample& sample : findings.samples) {
            std::vector<std::string> fields(columns.size());
            for (std::size_t index = 0; index < places.size(); ++index) {
                fields[places[index]] = sample.cells[index];
            }
            add_line(text, fields);
        }
    }
    return text;
}

} // namespace ashlar::report
