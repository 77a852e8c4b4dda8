// SPDX-License-Identifier: MIT
// Facts about a process that every user may read: /proc/PID/status and stat.
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
    bool changed_identity = false; // the real, effective and saved identities are not all equal
    std::uint64_t permitted_capabilities = 0;
    std::uint64_t threads = 0;

    // Bytes. A process without memory (a zombie, a kernel thread) has none of these.
    bool has_memory = false;
    std::uint64_t rss = 0; // may lag by some hundred KiB per processor, because the kernel counts in batches
    std::uint64_t rss_peak = 0;
    std::uint64_t rss_anonymous = 0;
    std::uint64_t rss_file = 0;
    std::uint64_t rss_shared = 0;
    std::uint64_t swap = 0;
};

// Parses /proc/PID/status. Returns nothing if the text lacks the user or the group.
std::optional<Status> parse_status(std::string_view text);

// Returns from /proc/PID/stat when the process started, in ticks since boot. Tells it from a later process
// with the same number.
std::optional<std::uint64_t> parse_start_time(std::string_view text);

// Returns from /proc/PID/stat, or from a thread's, the processor time used, in ticks of sysconf(_SC_CLK_TCK).
std::optional<std::uint64_t> parse_processor_time(std::string_view text);

} // namespace ashlar::process
