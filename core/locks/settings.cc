// SPDX-License-Identifier: MIT
#include "locks/settings.h"

#include "locks/delayed_code.h"
#include "os/message.h"

#include <algorithm>

namespace ashlar::locks {

constinit Settings settings{};

namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};
constexpr Unit kTimes[]{{"ns", 1}, {"us", 1000}, {"ms", 1'000'000}, {"s", 1'000'000'000}};
constexpr Unit kPlain[]{{"", 1}};
constexpr Unit kSizes[]{{"", 1}, {"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}};

template <std::size_t kCount>
bool parse(std::string_view text, const Unit (&units)[kCount], std::uint64_t& value) {
    std::uint64_t number = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits)
        number = number * 10 + static_cast<std::uint64_t>(text[digits] - '0');
    constexpr std::size_t kMostDigits = 9;
    if (digits == 0 || digits > kMostDigits) return false;
    text.remove_prefix(digits);
    for (const Unit& unit : units) {
        if (unit.name != text) continue;
        value = number * unit.factor;
        return true;
    }
    return false;
}

// Adds a delay from text like "1ms@FILE+0x1234-0x1240". Returns false if the text is malformed.
bool add_delay(std::string_view value) {
    const std::size_t at = std::min(value.find('@'), value.size());
    std::uint64_t nanoseconds = 0;
    if (at == value.size() || !parse({value.data(), at}, kTimes, nanoseconds)) return false;
    value.remove_prefix(at + 1);
    return add_delayed_code(nanoseconds, value);
}

bool set(std::string_view key, std::string_view value) {
    if (key == "enabled") {
        const bool known = value == "true" || value == "false";
        if (known) settings.enabled = value == "true";
        return known;
    }
    if (key == "threshold") return parse(value, kTimes, settings.threshold);
    if (key == "limit") return parse(value, kSizes, settings.limit);
    if (key == "seed") return parse(value, kPlain, settings.seed);
    if (key == "delay") return add_delay(value);
    if (value.empty() || value.size() >= settings.file.size()) return false;
    settings.file.fill('\0');
    std::copy(value.begin(), value.end(), settings.file.begin());
    return true;
}

constexpr std::string_view kKeys[]{"enabled", "threshold", "limit", "seed", "delay", "file"};
constexpr std::string_view kExpected[]{"true or false",
                                       "a time, as 500us or 1ms",
                                       "a size, as 64m",
                                       "a number",
                                       "a time and a piece of code, as 1ms@FILE+0x1200-0x1280, at most 64",
                                       "a folder, or a path with %p, of less than 256 bytes"};

void read_one(std::string_view setting) {
    const std::size_t colon = std::min(setting.find(':'), setting.size());
    const std::string_view key(setting.data(), colon);
    std::string_view value = setting;
    value.remove_prefix(std::min(colon + 1, setting.size()));
    const auto* const known = std::find(std::begin(kKeys), std::end(kKeys), key);
    os::Message message;
    message.text("ASHLAR_LOCKS: ");
    if (known == std::end(kKeys)) {
        message.quoted(key).text(" is no setting; there are enabled, threshold, limit, seed, delay and file");
    } else if (!set(key, value)) {
        message.text(key).text(" has to be ").text(kExpected[known - std::begin(kKeys)]).text(", not ");
        message.quoted(value);
    } else {
        return;
    }
    os::warn(message);
}

} // namespace

void read_settings(std::string_view text) {
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        if (comma != 0) read_one({text.data(), comma});
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
}

} // namespace ashlar::locks
