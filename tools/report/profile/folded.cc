// SPDX-License-Identifier: MIT
#include "report/profile/exported.h"
#include "report/profile/formats.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <ostream>

namespace ashlar::report::profile {

namespace {

using namespace ashlar::profile;

// Replaces characters of names that have a meaning in the format.
std::string line_of(const ExportedStack& stack, const Frames& frames) {
    std::string line;
    for (const std::uint32_t frame : stack.frames) {
        std::string name = frames[frame].function;
        std::replace(name.begin(), name.end(), ';', ':');
        std::replace(name.begin(), name.end(), '\n', ' ');
        line += (line.empty() ? "" : ";") + name;
    }
    return line;
}

std::map<std::string, double> lines_of(const Summaries& summaries, View view, Frames& frames) {
    std::map<std::string, double> lines;
    for (const ExportedStack& stack : exported(summaries, view, frames)) {
        lines[line_of(stack, frames)] += stack.bytes;
    }
    return lines;
}

} // namespace

void write_folded(std::ostream& out, const Summaries& summaries, View view, Frames& frames) {
    for (const auto& [line, bytes] : lines_of(summaries, view, frames)) {
        out << line << ' ' << std::llround(bytes) << '\n';
    }
}

void write_folded_difference(std::ostream& out, const Summaries& before, const Summaries& after, View view,
                             Frames& frames) {
    const std::map<std::string, double> first = lines_of(before, view, frames);
    std::map<std::string, std::pair<double, double>> both;
    for (const auto& [line, bytes] : first) {
        both[line].first = bytes;
    }
    for (const auto& [line, bytes] : lines_of(after, view, frames)) {
        both[line].second = bytes;
    }
    for (const auto& [line, bytes] : both) {
        out << line << ' ' << std::llround(bytes.first) << ' ' << std::llround(bytes.second) << '\n';
    }
}

} // namespace ashlar::report::profile
