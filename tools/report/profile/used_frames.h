// SPDX-License-Identifier: MIT
// The frames that a file uses, numbered in the order of their first use.
#pragma once

#include "profile/names.h"

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <unordered_map>

namespace ashlar::report::profile {

class UsedFrames {
  public:
    using Json = nlohmann::ordered_json;
    using Describe = Json (*)(const ashlar::profile::Frame& frame);

    UsedFrames(const ashlar::profile::Frames& frames, Describe describe)
        : frames_(frames), describe_(describe) {}

    std::size_t index_of(std::uint32_t frame) {
        const auto [place, is_new] = indexes_.try_emplace(frame, list_.size());
        if (is_new) list_.push_back(describe_(frames_[frame]));
        return place->second;
    }
    Json& list() { return list_; }

  private:
    const ashlar::profile::Frames& frames_;
    Describe describe_;
    std::unordered_map<std::uint32_t, std::size_t> indexes_;
    Json list_ = Json::array();
};

} // namespace ashlar::report::profile
