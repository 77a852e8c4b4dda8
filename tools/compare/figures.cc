// SPDX-License-Identifier: MIT
#include "compare/figures.h"

#include <charconv>
#include <cmath>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace ashlar::compare {

namespace {

// Longest text that is matched, in bytes. std::regex needs stack for every character of a match.
constexpr std::size_t kLongestLine = 4096;

std::optional<double> number_between(std::string_view before, std::string_view line, std::string_view after) {
    if (!line.starts_with(before) || !line.ends_with(after)) {
        return std::nullopt;
    }
    double value = 0;
    const char* const end = line.data() + line.size() - after.size();
    const auto [stop, error] = std::from_chars(line.data() + before.size(), end, value);
    const bool read = error == std::errc() && stop == end && std::isfinite(value);
    return read ? std::optional(value) : std::nullopt;
}

// Returns the number of the last match in a line.
std::optional<double> last_number(const std::regex& pattern, const std::string& line) {
    std::string found;
    for (std::sregex_iterator match(line.begin(), line.end(), pattern), end; match != end; ++match) {
        found = (*match)[1].str();
    }
    const std::string_view text(found);
    const auto start = std::min(text.find_first_not_of(" \t"), text.size());
    return number_between("", text.substr(start), "");
}

} // namespace

void check(const OwnFigure& figure) {
    try {
        if (const std::regex pattern(figure.pattern); pattern.mark_count() == 1) {
            return;
        }
    } catch (const std::regex_error& error) {
        throw std::invalid_argument("'" + figure.pattern + "' is no regular expression: " + error.what());
    }
    throw std::invalid_argument("'" + figure.pattern +
                                "' needs one group, (...), that holds the figure, such as 'rate: ([0-9.]+)'; "
                                "groups that hold nothing of interest are written (?:...)");
}

bool has_line(const std::string& output, std::string_view line) {
    std::istringstream lines(output);
    for (std::string each; std::getline(lines, each);) {
        if (each == line) {
            return true;
        }
    }
    return false;
}

std::optional<double> read_own_figure(const OwnFigure& figure, const std::string& output) {
    const std::regex pattern(figure.pattern);
    std::optional<double> result;
    for (std::size_t start = 0; start < output.size();) {
        const std::size_t end = std::min(output.find_first_of("\r\n", start), output.size());
        const std::size_t length = std::min(end - start, kLongestLine);
        if (const auto number = last_number(pattern, output.substr(end - length, length))) {
            result = number;
        }
        start = end + 1;
    }
    return result;
}

Figures read_figures(const std::string& output) {
    const std::string last = measure::last_line(output);
    Figures figures;
    if (const auto number = number_between("Throughput = ", last, " operations per second"); number > 0) {
        figures.throughput = number;
    }
    if (const auto number = number_between("RSS / live = ", last, " (geometric mean of the phase ends)");
        number > 0) {
        figures.rss_per_live = number;
    }
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) {
        if (const auto number = number_between("Throughput drift = ", line, " %")) {
            figures.throughput_drift = number;
        } else if (const auto other = number_between("RSS drift = ", line, " %")) {
            figures.rss_drift = other;
        }
        for (std::size_t index = 0; index < kLockFigureNames.size(); ++index) {
            const LockFigureName& name = kLockFigureNames[index];
            if (const auto value = number_between(std::string(name.words) + " = ", line, name.unit)) {
                figures.locks[index] = value;
            }
        }
        for (std::size_t index = 0; index < kLatencyNames.size(); ++index) {
            if (const auto time = number_between(std::string(kLatencyNames[index]) + " = ", line, " ns")) {
                figures.latencies[index] = time;
            }
        }
    }
    return figures;
}

} // namespace ashlar::compare
