// SPDX-License-Identifier: MIT
#include "subject.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

namespace contract {

std::string library() {
    std::ifstream maps("/proc/self/maps");
    std::string line;
    while (std::getline(maps, line)) {
        const std::size_t path = line.find('/');
        if (path != std::string::npos && line.find("/libashlar", path) != std::string::npos)
            return line.substr(path);
    }
    return {};
}

ashlar_statistics statistics() {
    auto* const get = symbol<int(ashlar_statistics*, std::size_t)>("ashlar_get_statistics");
    REQUIRE(get != nullptr);
    ashlar_statistics result{};
    REQUIRE(get(&result, sizeof result) == 0);
    return result;
}

std::size_t resident_bytes() {
    std::ifstream rollup("/proc/self/smaps_rollup");
    std::string line;
    while (std::getline(rollup, line)) {
        std::istringstream words(line);
        std::string key;
        std::size_t kibibytes = 0;
        if (words >> key >> kibibytes && key == "Rss:") return kibibytes * 1024;
    }
    FAIL("no Rss line in /proc/self/smaps_rollup");
    return 0;
}

} // namespace contract
