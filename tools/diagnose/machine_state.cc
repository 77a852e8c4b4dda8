// SPDX-License-Identifier: MIT
#include "diagnose/machine_state.h"

#include "machine/files.h"

#include <algorithm>
#include <charconv>
#include <linux/membarrier.h>
#include <sstream>
#include <string_view>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace ashlar::diagnose {

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
    return machine::read_file(path).value_or("");
}

std::optional<std::uint64_t> number_in(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t:"), text.size()));
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() ? std::optional(number) : std::nullopt;
}

// Returns the number after `key` in the first line that begins with `key`.
std::optional<std::uint64_t> number_after(const std::string& text, std::string_view key) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(key)) {
            return number_in(std::string_view(line).substr(key.size()));
        }
    }
    return std::nullopt;
}

// Returns "madvise" for "always [madvise] never".
std::string chosen(const std::string& choices) {
    const auto open = choices.find('[');
    const auto close = choices.find(']');
    return open == std::string::npos || close == std::string::npos || close < open
               ? ""
               : choices.substr(open + 1, close - open - 1);
}

// Returns the group's path in a hierarchy: from "0::/a/b" or "5:memory:/a/b".
std::string group_path(const std::string& groups, bool unified) {
    std::istringstream lines(groups);
    for (std::string line; std::getline(lines, line);) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (second == std::string::npos) {
            continue;
        }
        const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
        const bool is_it = unified ? controllers == ",," : controllers.find(",memory,") != std::string::npos;
        if (is_it) {
            return line.substr(second + 1);
        }
    }
    return "";
}

// Returns the smallest limit from the group up to the mount. In a container the path may not exist below the
// mount; then only the mount is read.
std::optional<GroupMemory> least_along(const fs::path& mount, const std::string& path, const char* limit,
                                       const char* used, const char* events) {
    std::optional<GroupMemory> least;
    std::error_code error;
    fs::path folder = mount / fs::path(path).relative_path();
    folder = fs::is_directory(folder, error) ? folder : mount;
    constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 60; // version 1 has a huge number for no limit
    while (true) {
        const auto bytes = number_in(text_of(folder / limit));
        if (bytes && *bytes < kNoLimit && (!least || *bytes < least->limit)) {
            least = {.folder = folder.string(),
                     .limit = *bytes,
                     .used = number_in(text_of(folder / used)).value_or(0),
                     .killed = number_after(text_of(folder / events), "oom_kill").value_or(0)};
        }
        if (folder == mount || !folder.has_relative_path()) {
            return least;
        }
        folder = folder.parent_path();
    }
}

std::optional<GroupMemory> group_memory(const std::string& process, const fs::path& root) {
    const std::string groups = text_of(root / "proc" / process / "cgroup");
    const fs::path mount = root / "sys/fs/cgroup";
    if (const std::string path = group_path(groups, false); !path.empty()) {
        if (auto found = least_along(mount / "memory", path, "memory.limit_in_bytes", "memory.usage_in_bytes",
                                     "memory.oom_control")) {
            return found;
        }
    }
    return least_along(mount, group_path(groups, true), "memory.max", "memory.current", "memory.events");
}

// Returns the soft limit, the first number of "Max address space  unlimited  unlimited  bytes".
std::optional<std::uint64_t> limit_of(const std::string& limits, std::string_view name) {
    return number_after(limits, name);
}

// Tries each call, because sandboxes refuse calls that the kernel's version has.
KernelFeatures kernel_features() {
    KernelFeatures features;
    const long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
    features.expedited_barrier = commands > 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0;
    const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    void* const page = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED) {
        constexpr int kPopulateWrite = 23;  // since Linux 5.14
        constexpr int kDontNeedLocked = 24; // since Linux 5.18
        constexpr int kGuardInstall = 102;  // since Linux 6.13
        features.populates_pages = madvise(page, size, kPopulateWrite) == 0;
        features.purges_locked = madvise(page, size, kDontNeedLocked) == 0;
        features.marks_guards = madvise(page, size, kGuardInstall) == 0;
        munmap(page, size);
    }
    return features;
}

} // namespace

MachineState machine_state(const std::string& process, const fs::path& root_or_none) {
    const fs::path root = root_or_none.empty() ? "/" : root_or_none;
    const fs::path kernel = root / "proc/sys/vm";
    const std::string memory = text_of(root / "proc/meminfo");
    const std::string limits = text_of(root / "proc" / process / "limits");
    const std::string maps = text_of(root / "proc" / process / "maps");
    constexpr std::uint64_t kKibi = 1024;
    utsname name{};
    uname(&name);
    return {.huge_pages = chosen(text_of(root / "sys/kernel/mm/transparent_hugepage/enabled")),
            .group = group_memory(process, root),
            .most_mappings = number_in(text_of(kernel / "max_map_count")).value_or(0),
            .mappings = static_cast<std::uint64_t>(std::count(maps.begin(), maps.end(), '\n')),
            .overcommit = static_cast<int>(number_in(text_of(kernel / "overcommit_memory")).value_or(0)),
            .commit_limit = number_after(memory, "CommitLimit:").value_or(0) * kKibi,
            .committed = number_after(memory, "Committed_AS:").value_or(0) * kKibi,
            .page_size = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)),
            .address_limit = limit_of(limits, "Max address space"),
            .data_limit = limit_of(limits, "Max data size"),
            .lock_limit = limit_of(limits, "Max locked memory"),
            .kernel = name.release,
            .features = kernel_features()};
}

} // namespace ashlar::diagnose
