// SPDX-License-Identifier: MIT
//
// The address space and writable memory of this process, and limits on both. Only children may set limits,
// which apply to the whole process. Sanitizers are excluded: their shadow memory exceeds any limit.
#pragma once

#include <catch2/catch.hpp>
#include <cstddef>
#include <fstream>
#include <string>
#include <sys/resource.h>

namespace unit {

// Returns a figure of /proc/self/status, in bytes.
inline std::size_t status_bytes(const std::string& name) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.rfind(name + ":", 0) == 0) return std::stoul(line.substr(name.size() + 1)) * 1024;
    }
    FAIL("/proc/self/status has no " << name);
    return 0;
}

inline std::size_t address_space() {
    return status_bytes("VmSize");
}

// Sets the soft limit only, so that the test can raise it again.
inline void set_soft_limit(int resource, std::size_t bytes) {
    rlimit limit{};
    REQUIRE(::getrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    REQUIRE(::setrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0);
}

inline void allow_address_space(std::size_t more) {
    set_soft_limit(RLIMIT_AS, address_space() + more);
}

// Limits private writable memory, which committing uses.
inline void allow_writable_memory(std::size_t more) {
    set_soft_limit(RLIMIT_DATA, status_bytes("VmData") + more);
}

inline void allow_any_amount() {
    set_soft_limit(RLIMIT_AS, RLIM_INFINITY);
    set_soft_limit(RLIMIT_DATA, RLIM_INFINITY);
}

} // namespace unit
