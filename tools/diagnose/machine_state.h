// SPDX-License-Identifier: MIT
// Properties of this machine and of a process's limits that affect an allocator.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>

namespace ashlar::diagnose {

// The smallest memory limit on the path from a control group to the root.
struct GroupMemory {
    std::string folder; // where the limit is set
    std::uint64_t limit = 0;
    std::uint64_t used = 0;
    std::uint64_t killed = 0; // processes that were killed for lack of memory
};

struct KernelFeatures {
    bool expedited_barrier = true; // membarrier for one process
    bool populates_pages = true;   // MADV_POPULATE_WRITE
    bool purges_locked = true;     // MADV_DONTNEED_LOCKED
    bool marks_guards = true;      // MADV_GUARD_INSTALL
};

// Values that cannot be read are empty or 0.
struct MachineState {
    std::string huge_pages; // "always", "madvise", "never"
    std::optional<GroupMemory> group;
    std::uint64_t most_mappings = 0; // vm.max_map_count
    std::uint64_t mappings = 0;      // of the process
    int overcommit = 0;              // vm.overcommit_memory
    std::uint64_t commit_limit = 0;  // bytes
    std::uint64_t committed = 0;
    std::uint64_t page_size = 0;
    std::optional<std::uint64_t> address_limit; // RLIMIT_AS in bytes; none: unlimited
    std::optional<std::uint64_t> data_limit;    // RLIMIT_DATA
    std::optional<std::uint64_t> lock_limit;    // RLIMIT_MEMLOCK
    std::string kernel;                         // "6.1.0"
    KernelFeatures features;
};

// `process` is its name in /proc: a number or "self". `root` precedes every path, for tests.
MachineState machine_state(const std::string& process, const std::filesystem::path& root = "");

} // namespace ashlar::diagnose
