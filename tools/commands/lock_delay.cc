// SPDX-License-Identifier: MIT
#include "commands/lock_delay.h"

#include "machine/program_search.h"
#include "symbols/code_ranges.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fmt/format.h>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace ashlar::commands {

namespace {

using symbols::CodeRange;

constexpr std::size_t kMostRanges = 64;   // capacity of the lock profiler
constexpr std::uint64_t kLongestCall = 8; // bytes of a call instruction

struct Delay {
    std::string object; // path
    std::string site;
    std::string time;
};

template <typename Number>
std::optional<Number> whole_number(std::string_view text, int base) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

bool is_time(std::string_view text) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    constexpr std::size_t kMostDigits = 9;
    const std::string_view unit = text.substr(digits);
    return digits != 0 && digits <= kMostDigits &&
           (unit == "ns" || unit == "us" || unit == "ms" || unit == "s");
}

Delay parse(const std::string& text, const std::string& program) {
    const std::size_t equals = text.rfind("=+");
    if (equals == std::string::npos || equals == 0 || !is_time(std::string_view(text).substr(equals + 2))) {
        throw std::invalid_argument(fmt::format(
            "--delay has to be SITE=+TIME, as in update_table=+1ms or table.cc:42=+500us, not {}", text));
    }
    Delay delay{.object = {}, .site = text.substr(0, equals), .time = text.substr(equals + 2)};
    if (const std::size_t mark = delay.site.find('!'); mark != std::string::npos) {
        delay.object = delay.site.substr(0, mark);
        delay.site.erase(0, mark + 1);
    } else {
        delay.object = machine::find_program(program).path;
    }
    std::error_code error;
    delay.object = std::filesystem::canonical(delay.object, error);
    if (error || delay.object.find(',') != std::string::npos) {
        throw std::invalid_argument(
            fmt::format("--delay: cannot look for {} in {}: give FILE!SITE for a place in a library",
                        delay.site, delay.object.empty() ? program : delay.object));
    }
    return delay;
}

std::vector<CodeRange> ranges_of(const Delay& delay) {
    if (delay.site.starts_with("0x")) {
        if (const auto address = whole_number<std::uint64_t>(std::string_view(delay.site).substr(2), 16)) {
            // Covers a call at this address, and a call that returns to it.
            return {{.begin = *address == 0 ? 0 : *address - 1, .end = *address + kLongestCall}};
        }
    }
    if (const std::size_t colon = delay.site.rfind(':'); colon != std::string::npos && colon != 0) {
        if (const auto line = whole_number<unsigned>(std::string_view(delay.site).substr(colon + 1), 10)) {
            return symbols::ranges_of_line(delay.object, delay.site.substr(0, colon), *line);
        }
    }
    return symbols::ranges_of_function(delay.object, delay.site);
}

} // namespace

std::string delay_settings(const std::string& delay_text, const std::string& program) {
    const Delay delay = parse(delay_text, program);
    const std::vector<CodeRange> ranges = ranges_of(delay);
    if (ranges.empty()) {
        throw std::invalid_argument(fmt::format(
            "--delay: there is no code of {} in {}: give a function, FILE.cc:LINE (which needs debug "
            "information) or an address, and LIBRARY!SITE for a place in a library",
            delay.site, delay.object));
    }
    if (ranges.size() > kMostRanges) {
        throw std::invalid_argument(
            fmt::format("--delay: {} stands for {} pieces of code, at most {} can be had: "
                        "give a longer name or a line",
                        delay.site, ranges.size(), kMostRanges));
    }
    std::string settings;
    for (const CodeRange& range : ranges) {
        settings += fmt::format("{}delay:{}@{}+{:#x}-{:#x}", settings.empty() ? "" : ",", delay.time,
                                delay.object, range.begin, range.end);
    }
    return settings;
}

} // namespace ashlar::commands
