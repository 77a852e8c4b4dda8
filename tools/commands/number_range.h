// SPDX-License-Identifier: MIT
// A check of options that are numbers.
#pragma once

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace ashlar::commands {

// Numbers from `least` to `most`. The library's own check lets "nan" pass, which is outside of no range.
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

} // namespace ashlar::commands
