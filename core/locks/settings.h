// SPDX-License-Identifier: MIT
//
// The settings of the lock profiler: ASHLAR_LOCKS="key:value,key:value", read once at start. docs/locks.md
// lists them. Wrong settings are reported on stderr, and the others are used.
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
    std::uint64_t seed = 0;                    // seed of random choices; 0: a new seed in each process
    std::array<char, 256> file{'.', '\0'};     // folder, or path with %p
};

extern constinit Settings settings;

void read_settings(std::string_view text);

} // namespace ashlar::locks
