// SPDX-License-Identifier: MIT
// The switch of the sampling profiler in a process that runs on Ashlar. It is a word in its memory that its
// threads look at after each 512 KiB that they ask for. Two small tables stand beside it
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

// How the process is to record. 0 and empty: as its settings say.
struct ProfileRequest {
    std::uint64_t rate = 0;
    std::uint64_t limit = 0;
    std::uint32_t cpu = 0;
    std::string place{}; // a folder, as the process sees it; shorter than ASHLAR_PROFILE_PLACE_BYTES
};

class ProfileSwitch {
  public:
    enum class Found {
        kReady,
        kHardened,  // the library has no profiler
        kOlder,     // it has no such switch
        kForbidden, // its memory may not be written
        kGone,
    };
    // The library of `subject` must be known.
    explicit ProfileSwitch(const Subject& subject);

    Found found() const { return found_; }

    // Nothing once the program has ended or executed another one.
    std::optional<ProfileState> read() const;
    // Returns the number of the request; nothing if the program is gone. What is written is read by nobody
    // before the last word is.
    std::optional<std::uint32_t> record(const ProfileRequest& request) const;
    // Unless another request came after the one of this number. False if the program is gone.
    bool stop(std::uint32_t number) const;

  private:
    bool write_control(std::uint32_t control) const;

    process::OpenMemory memory_;
    ashlar_tables tables_{};
    Found found_ = Found::kReady;
};

} // namespace ashlar::observe
