// SPDX-License-Identifier: MIT
// The mappings of a process, and how much of each is in memory (/proc/PID/smaps).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ashlar::process {

using Address = std::uint64_t;

struct Mapping {
    Address begin = 0;
    Address end = 0;
    bool is_readable = false;
    bool is_writable = false;
    bool is_executable = false;
    bool is_shared = false;
    std::uint64_t offset = 0; // in the file
    std::uint64_t inode = 0;  // 0: no file
    std::string name;         // a path, "[heap]", "[stack]", "[anon:text]" or empty

    // Bytes, from smaps only.
    std::uint64_t rss = 0;       // in memory
    std::uint64_t anonymous = 0; // part of rss: private and written, or without a file
    std::uint64_t lazy_free = 0; // part of rss: released with MADV_FREE, taken when memory is short
    std::uint64_t huge = 0;      // part of rss: in huge pages without a file (AnonHugePages)
    std::uint64_t locked = 0;
    std::uint64_t swap = 0;    // in swap, not in memory
    bool refuses_huge = false; // VmFlags has "nh": never in huge pages, as for stacks since Linux 6.7

    std::uint64_t size() const { return end - begin; }
    bool is_accessible() const { return is_readable || is_writable || is_executable; }
    bool has_file() const { return inode != 0; }
};

// Parses the text of /proc/PID/smaps, or of /proc/PID/maps, which leaves the bytes 0. Skips lines that it
// does not know: newer kernels add some, and the end of the process may cut the last line short.
std::vector<Mapping> parse_mappings(std::string_view text);

// Returns the mapping that holds the address, or null. `mappings` is in order of address.
const Mapping* mapping_at(const std::vector<Mapping>& mappings, Address address);

} // namespace ashlar::process
