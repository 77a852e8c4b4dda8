// SPDX-License-Identifier: MIT
// What everybody may know about a process: /proc/PID/status and stat.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace ashlar::process {

struct Status {
    std::string name;
    char state = '?';              // R, S, D, Z, ...
    uid_t user = 0;                // real
    gid_t group = 0;               // real
    bool changed_identity = false; // the real, effective and saved ones are not all the same
    std::uint64_t permitted_capabilities = 0;
    std::uint64_t threads = 0;

    // Bytes. A process that has no memory (a zombie, a thread of the kernel) has none of these.
    bool has_memory = false;
    std::uint64_t rss = 0; // may lag behind by some hundred KiB a processor: the kernel counts so
    std::uint64_t rss_peak = 0;
    std::uint64_t rss_anonymous = 0;
    std::uint64_t rss_file = 0;
    std::uint64_t rss_shared = 0;
    std::uint64_t swap = 0;
};

// Nothing if it is not such a text.
std::optional<Status> parse_status(std::string_view text);

// Of /proc/PID/stat: when the process started, in ticks since boot. Together with its number this tells it
// from a later one of the same number.
std::optional<std::uint64_t> parse_start_time(std::string_view text);

// Of /proc/PID/stat, or of a thread's: processor time used so far, in ticks of sysconf(_SC_CLK_TCK).
std::optional<std::uint64_t> parse_processor_time(std::string_view text);

} // namespace ashlar::process
