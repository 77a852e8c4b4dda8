// SPDX-License-Identifier: MIT
// State of a process's sampling profiler (ashlar/statistics_layout.h).
#pragma once

#include "process/memory.h"

#include <ashlar/statistics_layout.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace ashlar::observe {

struct ProfileState {
    std::uint32_t control = 0;   // ASHLAR_PROFILE_..., without the bit that requests a dump
    std::uint32_t requested = 0; // number of the last request
    std::uint32_t taken = 0;     // number of the last request that the process took
    bool is_for_request = false; // the last file answers a request
    int error = 0;               // why there is no file
    std::string path{};          // last file, as the process sees it; empty: none

    bool is_on() const { return control == ASHLAR_PROFILE_RECORD || control == ASHLAR_PROFILE_PAUSE; }
};

// Returns nothing if the state cannot be read or the library lacks it. `read` reads all bytes or returns
// false.
using ReadBytes = std::function<bool(process::Address, void*, std::size_t)>;
std::optional<ProfileState> read_profile_state(const ReadBytes& read, const ashlar_tables& tables);

} // namespace ashlar::observe
