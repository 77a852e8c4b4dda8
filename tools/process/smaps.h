// SPDX-License-Identifier: MIT
// The mappings of a process with what of each is in memory, as /proc/PID/smaps tells.
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

    // Bytes. From smaps only.
    std::uint64_t rss = 0;       // in memory
    std::uint64_t anonymous = 0; // of it, not the file's contents: private and written, or of no file
    std::uint64_t lazy_free = 0; // of it, released with MADV_FREE: the kernel takes it when memory is short
    std::uint64_t huge = 0;      // of it, in huge pages without a file (AnonHugePages)
    std::uint64_t locked = 0;
    std::uint64_t swap = 0;    // not in memory but in swap
    bool refuses_huge = false; // never in huge pages: VmFlags has "nh", as for stacks since Linux 6.7

    std::uint64_t size() const { return end - begin; }
    bool is_accessible() const { return is_readable || is_writable || is_executable; }
    bool has_file() const { return inode != 0; }
};

// Text of /proc/PID/smaps, or of /proc/PID/maps, where the bytes stay 0. Lines that are not understood are
// left out: newer kernels add some, and the last one may be cut short when the process ends meanwhile.
std::vector<Mapping> parse_mappings(std::string_view text);

// The mapping that holds the address; null if none does. They are in order of address.
const Mapping* mapping_at(const std::vector<Mapping>& mappings, Address address);

} // namespace ashlar::process
