// SPDX-License-Identifier: MIT
// The switch of the sampling profiler in a process that runs on Ashlar. It is a word in the process's memory.
// Threads check it after each 512 KiB that they allocate. Two small tables lie beside it
// (ashlar/statistics_layout.h).
#pragma once

#include "observe/profile_state.h"
#include "observe/snapshot.h"
#include "process/open_memory.h"

#include <ashlar/statistics_layout.h>

#include <cstdint>
#include <optional>
#include <string>

namespace ashlar::observe {

// Settings of a recording. 0 and empty: as the process's own settings say.
struct ProfileRequest {
    std::uint64_t rate = 0;
    std::uint64_t limit = 0;
    std::uint32_t cpu = 0;
    std::string place{}; // folder, as the process sees it; shorter than ASHLAR_PROFILE_PLACE_BYTES
};

class ProfileSwitch {
  public:
    enum class Found {
        kReady,
        kHardened,  // the library has no profiler
        kOlder,     // the library is older than the switch
        kForbidden, // the process's memory must not be written
        kGone,
    };
    // Requires a known library of `subject`.
    explicit ProfileSwitch(const Subject& subject);

    Found found() const { return found_; }

    // Returns nothing once the program has ended or executed another program.
    std::optional<ProfileState> read() const;
    // Returns the number of the request, or nothing if the program has ended. Writes the control word last:
    // the process reads the request only after that.
    std::optional<std::uint32_t> record(const ProfileRequest& request) const;
    // Stops recording, unless a request after `number` was made. Returns false if the program has ended.
    bool stop(std::uint32_t number) const;

  private:
    bool write_control(std::uint32_t control) const;

    process::OpenMemory memory_;
    ashlar_tables tables_{};
    Found found_ = Found::kReady;
};

} // namespace ashlar::observe
