// SPDX-License-Identifier: MIT
// The call sites that allocate the most bytes, by the recording of a process whose profiler is on.
#pragma once

#include "observe/snapshot.h"
#include "profile/allocation_stream.h"
#include "profile/names.h"
#include "screen/top_state.h"
#include "symbols/symbolizer.h"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ashlar::commands {

class BusySites {
  public:
    // Returns the call sites of the last ten seconds, the busiest first. Nothing without a readable
    // recording.
    std::optional<std::vector<screen::SiteLine>> look(const observe::Subject& subject);

  private:
    struct Round {
        double seconds;
        std::map<std::uint32_t, double> bytes; // by stack
    };
    bool follow(const observe::Subject& subject);
    std::vector<screen::SiteLine> lines();

    std::string path_; // of the followed file, as seen from here
    std::uint64_t device_ = 0;
    std::uint64_t inode_ = 0;
    std::optional<profile::AllocationStream> stream_;
    std::deque<Round> rounds_;
    std::uint64_t last_ = 0; // time of the last look, in ns of CLOCK_MONOTONIC
    symbols::Symbolizer symbolizer_;
    profile::Frames frames_;
};

} // namespace ashlar::commands
