// SPDX-License-Identifier: MIT
#include "report/chart/markup.h"

#include <cmath>
#include <fmt/format.h>

namespace ashlar::report::chart {

namespace {

constexpr const char* kReplacement = "\xEF\xBF\xBD";

bool is_forbidden(char each) {
    const auto code = static_cast<unsigned char>(each);
    return (code < 0x20 && each != '\n' && each != '\t') || code == 0x7F;
}

} // namespace

std::string escaped(std::string_view text) {
    std::string safe;
    safe.reserve(text.size());
    for (const char each : text) {
        switch (each) {
        case '&':
            safe += "&amp;";
            break;
        case '<':
            safe += "&lt;";
            break;
        case '>':
            safe += "&gt;";
            break;
        case '"':
            safe += "&quot;";
            break;
        case '\'':
            safe += "&#39;";
            break;
        default:
            if (is_forbidden(each)) {
                safe += kReplacement;
            } else {
                safe += each;
            }
        }
    }
    return safe;
}

std::string number(double value) {
    if (!std::isfinite(value)) {
        return "0";
    }
    std::string text = fmt::format("{:.1f}", value);
    if (text.ends_with(".0")) {
        text.resize(text.size() - 2);
    }
    return text == "-0" ? "0" : text;
}

} // namespace ashlar::report::chart
