// SPDX-License-Identifier: MIT
//
// The settings of the lock profiler: ASHLAR_LOCKS="key:value,key:value", read once at start. docs/locks.md
// has the list. What is wrong in it is named on stderr, and the rest counts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ashlar::locks {

struct Settings {
    bool enabled = true;
    std::uint64_t threshold = 1'000'000;       // ns: longer waits are recorded one by one
    std::size_t limit = std::size_t{64} << 20; // bytes of the file
    std::uint64_t seed = 0;                    // of what is chosen by chance; 0: another one each time
    std::array<char, 256> file{'.', '\0'};     // folder, or path with %p
};

extern constinit Settings settings;

void read_settings(std::string_view text);

} // namespace ashlar::locks
