// SPDX-License-Identifier: MIT
//
// How much address space and writable memory this process has, and how much more it may get. For children:
// a limit counts for the whole process. Not under sanitizers, whose shadow memory is far above any limit.
#pragma once

#include <catch2/catch.hpp>
#include <cstddef>
#include <fstream>
#include <string>
#include <sys/resource.h>

namespace unit {

// A figure of /proc/self/status, in bytes.
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

// Lets the soft limit be raised again.
inline void set_soft_limit(int resource, std::size_t bytes) {
    rlimit limit{};
    REQUIRE(::getrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    REQUIRE(::setrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0);
}

inline void allow_address_space(std::size_t more) {
    set_soft_limit(RLIMIT_AS, address_space() + more);
}

// Private writable memory: what committing asks for.
inline void allow_writable_memory(std::size_t more) {
    set_soft_limit(RLIMIT_DATA, status_bytes("VmData") + more);
}

inline void allow_any_amount() {
    set_soft_limit(RLIMIT_AS, RLIM_INFINITY);
    set_soft_limit(RLIMIT_DATA, RLIM_INFINITY);
}

} // namespace unit
