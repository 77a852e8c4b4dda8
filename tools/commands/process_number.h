// SPDX-License-Identifier: MIT
// A PID on the command line.
#pragma once

#include <charconv>
#include <stdexcept>
#include <string>
#include <sys/types.h>

namespace ashlar::commands {

// Throws std::invalid_argument if the word is no PID.
inline pid_t process_number(const std::string& word) {
    pid_t process = 0;
    const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), process);
    if (error != std::errc() || stop != word.data() + word.size() || process <= 0) {
        throw std::invalid_argument("'" + word +
                                    "' is no process; give its number, as `pgrep NAME` or `ps` show it");
    }
    return process;
}

} // namespace ashlar::commands
