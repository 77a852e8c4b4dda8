// SPDX-License-Identifier: MIT
// What of this machine, and of a process's limits, changes how an allocator does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>

namespace ashlar::diagnose {

// Of a control group, the least along its path to the root.
struct GroupMemory {
    std::string folder; // where the limit is set
    std::uint64_t limit = 0;
    std::uint64_t used = 0;
    std::uint64_t killed = 0; // processes, for want of memory
};

struct KernelFeatures {
    bool expedited_barrier = true; // membarrier for one process
    bool populates_pages = true;   // MADV_POPULATE_WRITE
    bool purges_locked = true;     // MADV_DONTNEED_LOCKED
    bool marks_guards = true;      // MADV_GUARD_INSTALL
};

// Nothing, or 0, where it cannot be read.
struct MachineState {
    std::string huge_pages; // "always", "madvise", "never"
    std::optional<GroupMemory> group;
    std::uint64_t most_mappings = 0; // vm.max_map_count
    std::uint64_t mappings = 0;      // of the process
    int overcommit = 0;              // vm.overcommit_memory
    std::uint64_t commit_limit = 0;  // bytes
    std::uint64_t committed = 0;
    std::uint64_t page_size = 0;
    std::optional<std::uint64_t> address_limit; // RLIMIT_AS, in bytes; nothing: unlimited
    std::optional<std::uint64_t> data_limit;    // RLIMIT_DATA
    std::optional<std::uint64_t> lock_limit;    // RLIMIT_MEMLOCK
    std::string kernel;                         // "6.1.0"
    KernelFeatures features;
};

// `process` as it is named in /proc: a number, or "self". `root` stands in front of every path, for tests.
MachineState machine_state(const std::string& process, const std::filesystem::path& root = "");

} // namespace ashlar::diagnose
