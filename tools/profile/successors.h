// SPDX-License-Identifier: MIT
// Recordings that exec ended. The process then runs another program under the same number, with a new file.
// The old file does not say that it has ended.
#pragma once

#include "profile/recording.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <vector>

namespace ashlar::profile {

class Successors {
  public:
    void add(const std::filesystem::path& file); // ignores a file that is no recording

    // Ends an unfinished recording where the next recording of the same process begins, if there is one.
    void end(Recording& recording) const;

  private:
    struct Start {
        std::uint64_t time;
        std::uint64_t boot; // ns since 1970
    };

    std::map<std::uint32_t, std::vector<Start>> starts_; // by process
};

} // namespace ashlar::profile
