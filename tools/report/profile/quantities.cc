// SPDX-License-Identifier: MIT
#include "report/profile/quantities.h"

#include <array>
#include <cmath>
#include <fmt/format.h>

namespace ashlar::report::profile {

namespace {

struct Scale {
    double divisor;
    const char* unit; // with the space before it
};

template <std::size_t kCount>
Scale scale_of(double value, double step, const std::array<const char*, kCount>& units) {
    constexpr double kRounded = 0.9995; // larger values would be rounded to four digits
    double divisor = 1;
    std::size_t unit = 0;
    while (unit + 1 < kCount && std::abs(value) >= divisor * step * kRounded) {
        divisor *= step;
        ++unit;
    }
    return {.divisor = divisor, .unit = units[unit]};
}

Scale byte_scale(double bytes) {
    return scale_of(bytes, 1024, std::array{" B", " KiB", " MiB", " GiB", " TiB", " PiB"});
}

Scale count_scale(double count) {
    return scale_of(count, 1000, std::array{"", " k", " M", " G", " T"});
}

std::string three_digits(double value, const Scale& scale) {
    const double shown = value / scale.divisor;
    constexpr double kTwoDigits = 9.995;
    constexpr double kThreeDigits = 99.95;
    const bool whole = scale.divisor == 1 && shown == std::floor(shown);
    const int decimals = whole || std::abs(shown) >= kThreeDigits ? 0 : std::abs(shown) >= kTwoDigits ? 1 : 2;
    return fmt::format("{:.{}f}", shown, decimals);
}

std::string with_interval(const Figure& figure, const Scale& scale) {
    const std::string value = three_digits(figure.value, scale) + scale.unit;
    const std::string half = three_digits(figure.interval().high - figure.value, scale);
    return half == "0" || half == "0.00" ? value : value + " ± " + half;
}

} // namespace

std::string bytes_text(double bytes) {
    const Scale scale = byte_scale(bytes);
    return three_digits(bytes, scale) + scale.unit;
}

std::string distances_text(const ashlar::profile::Recording& recording) {
    const std::string least = bytes_text(static_cast<double>(recording.rate));
    const std::string most = bytes_text(static_cast<double>(recording.longest_distance));
    return most == least ? least : least + " to " + most;
}

std::string count_text(double count) {
    const Scale scale = count_scale(count);
    return three_digits(count, scale) + scale.unit;
}

std::string seconds_text(double seconds) {
    constexpr double kMinutes = 120;
    if (seconds >= kMinutes) {
        return fmt::format("{:.0f} min {:.0f} s", std::floor(seconds / 60), std::fmod(seconds, 60));
    }
    const double nanoseconds = seconds * 1e9;
    const Scale scale = scale_of(nanoseconds, 1000, std::array{" ns", " µs", " ms", " s"});
    return three_digits(nanoseconds, scale) + scale.unit;
}

std::string percent_text(double share) {
    return three_digits(share * 100, {.divisor = 1, .unit = ""}) + " %";
}

// Separates groups of three digits.
std::string microseconds_text(double microseconds) {
    std::string digits = fmt::format("{:.0f}", microseconds);
    const std::size_t first = digits.front() == '-' ? 1 : 0;
    for (std::size_t place = digits.size(); place > first + 3;) {
        place -= 3;
        digits.insert(place, " ");
    }
    return digits;
}

std::string microseconds_text(const Figure& figure) {
    const double half = figure.interval().high - figure.value;
    if (half < 1) {
        return microseconds_text(figure.value);
    }
    const double step = std::pow(10, std::max(0.0, std::floor(std::log10(half)) - 1));
    return microseconds_text(figure.value) + " ± " + microseconds_text(std::round(half / step) * step);
}

std::string bytes_text(const Figure& figure) {
    return with_interval(figure, byte_scale(figure.value));
}

std::string count_text(const Figure& figure) {
    return with_interval(figure, count_scale(figure.value));
}

} // namespace ashlar::report::profile
