// SPDX-License-Identifier: MIT
// Which recordings were ended by exec. The process goes on as another program then, under its number and with
// a file of its own. The file before is left as it was: nothing in it says that it is over.
#pragma once

#include "profile/recording.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <vector>

namespace ashlar::profile {

class Successors {
  public:
    void add(const std::filesystem::path& file); // nothing happens if it is no recording

    // A recording that is not over, but for a later one of its process, ends when that begins.
    void end(Recording& recording) const;

  private:
    struct Start {
        std::uint64_t time;
        std::uint64_t boot; // ns since 1970
    };

    std::map<std::uint32_t, std::vector<Start>> starts_; // by process
};

} // namespace ashlar::profile
