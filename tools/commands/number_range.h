// SPDX-License-Identifier: MIT
// Checks of numeric options.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <fmt/format.h>
#include <string>

namespace ashlar::commands {

// Accepts numbers from `least` to `most`. CLI11's own check accepts "nan".
inline CLI::Validator between(double least, double most) {
    return {[least, most](const std::string& text) {
                double value = 0;
                const bool is_inside =
                    CLI::detail::lexical_cast(text, value) && value >= least && value <= most;
                return is_inside ? std::string()
                                 : fmt::format("'{}' is no number from {} to {}", text, least, most);
            },
            fmt::format("FLOAT in [{} - {}]", least, most)};
}

// Accepts whole numbers from 0. CLI11's own conversion turns -1 into the largest number.
inline CLI::Validator whole_number() {
    return {[](const std::string& text) {
                const bool is_number =
                    !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
                return is_number ? std::string() : fmt::format("'{}' is no whole number from 0", text);
            },
            ""};
}

// Accepts "5%" or "5".
inline CLI::Validator percent() {
    return {[](std::string& text) {
                if (text.ends_with('%')) {
                    text.pop_back();
                }
                return std::string();
            },
            ""};
}

// Accepts sizes of at least `least` bytes with a unit: 64M, 4096. Units are powers of 1024.
inline CLI::Validator size_in_bytes(std::uint64_t least = 0) {
    return {[least, sizes = CLI::AsSizeValue(false)](std::string& text) {
                const std::string given = text;
                if (given.find('-') != std::string::npos) {
                    return fmt::format("'{}' is no size: it is below 0", given);
                }
                std::string why = sizes(text);
                std::uint64_t bytes = 0;
                if (!why.empty() || !CLI::detail::lexical_cast(text, bytes) || bytes >= least) {
                    return why; // the conversion reports a text that is no number
                }
                return fmt::format("'{}' is too small: the least is {}", given, least);
            },
            ""};
}

// Least limit of a recorded file, in bytes. With less the library does not begin one.
inline constexpr std::uint64_t kLeastRecording = std::uint64_t{256} << 10;

} // namespace ashlar::commands
