// SPDX-License-Identifier: MIT
// What the sampling profiler of a process does (ashlar/statistics_layout.h).
#pragma once

#include "process/memory.h"

#include <ashlar/statistics_layout.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace ashlar::observe {

struct ProfileState {
    std::uint32_t control = 0;   // ASHLAR_PROFILE_..., without requests for dumps
    std::uint32_t requested = 0; // number of the last request
    std::uint32_t taken = 0;     // number of the last one that the process took
    bool is_for_request = false; // the last file is
    int error = 0;               // why there is none
    std::string path{};          // of the last file, as the process sees it; empty: there was none

    bool is_on() const { return control == ASHLAR_PROFILE_RECORD || control == ASHLAR_PROFILE_PAUSE; }
};

// Nothing if it cannot be read, or if the library has no such tables. `read` reads all of it or returns
// false.
using ReadBytes = std::function<bool(process::Address, void*, std::size_t)>;
std::optional<ProfileState> read_profile_state(const ReadBytes& read, const ashlar_tables& tables);

} // namespace ashlar::observe
