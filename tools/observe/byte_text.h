// SPDX-License-Identifier: MIT
// Returns a size for people to read: "12.3 MiB".
#pragma once

#include <cstdint>
#include <fmt/format.h>
#include <string>

namespace ashlar::observe {

inline std::string byte_text(std::uint64_t bytes) {
    constexpr double kStep = 1024;
    double value = static_cast<double>(bytes);
    if (value < kStep) {
        return fmt::format("{} B", bytes);
    }
    const char* unit = "";
    for (const char* const next : {"KiB", "MiB", "GiB", "TiB"}) {
        if (value < kStep * 0.9995) { // at most "1000.0 KiB"
            break;
        }
        value /= kStep;
        unit = next;
    }
    return fmt::format("{:.1f} {}", value, unit);
}

} // namespace ashlar::observe
