// SPDX-License-Identifier: MIT
// The resident memory of this process, read without a call of malloc, which would disturb the measurement.
#pragma once

#include "support/fail.h"

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <unistd.h>

namespace bench {

// Returns the second number in the text of /proc/self/statm: resident pages.
inline std::optional<std::uint64_t> parse_statm(std::string_view text) {
    const std::size_t space = text.find(' ');
    if (space == 0 || space == std::string_view::npos) {
        return std::nullopt;
    }
    std::uint64_t pages = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + space + 1, end, pages);
    const bool ended = stop != end && (*stop == ' ' || *stop == '\n'); // else the number may be cut off
    return error == std::errc() && ended ? std::optional(pages) : std::nullopt;
}

// Returns the resident bytes without the program's own bookkeeping, of which every page has been touched.
inline std::uint64_t resident_bytes(std::uint64_t own_bytes) {
    char text[256]; // seven numbers
    const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    const ssize_t length = file >= 0 ? read(file, text, sizeof text) : -1;
    if (length < 0) {
        fail(kRunFailed, "cannot read /proc/self/statm: %s\n", strerrordesc_np(errno));
    }
    close(file);
    const auto pages = parse_statm({text, static_cast<std::size_t>(length)});
    if (!pages) {
        fail(kRunFailed, "/proc/self/statm is not understood: %.*s\n", static_cast<int>(length), text);
    }
    const std::uint64_t bytes = *pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    return bytes > own_bytes ? bytes - own_bytes : 0;
}

} // namespace bench
