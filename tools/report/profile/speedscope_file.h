// SPDX-License-Identifier: MIT
// A file for https://www.speedscope.app: profiles of stacks with weights, which share their functions.
#pragma once

#include "profile/names.h"

#include <array>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ashlar::report::profile {

class SpeedscopeFile {
  public:
    // Stacks of functions, outermost first, ordered so that stacks with the same callers are adjacent.
    using Stacks = std::map<std::vector<std::size_t>, double>;

    explicit SpeedscopeFile(const ashlar::profile::Frames& frames) : frames_(frames) {}

    // Returns the function's frame, without lines: speedscope would show each calling line as a function.
    std::size_t function(std::uint32_t frame);
    // Returns a frame that is no function, such as a lock's name.
    std::size_t named(const std::string& name);

    // `unit` is one of speedscope's. The active profile is shown first.
    void add(const std::string& name, const char* unit, const Stacks& stacks, bool is_active);
    void write(std::ostream& out);

  private:
    using Json = nlohmann::ordered_json;

    std::size_t add_frame(const std::array<std::string, 3>& key);

    const ashlar::profile::Frames& frames_;
    std::map<std::array<std::string, 3>, std::size_t> indexes_; // by function, file and object
    Json list_ = Json::array();
    Json profiles_ = Json::array();
    std::size_t active_ = 0;
};

} // namespace ashlar::report::profile
