// SPDX-License-Identifier: MIT
// The part of a profile's page that is about locks. It shows which cost most, who waited for whom and when,
// and has the data for the script that draws it (locks.js).
#pragma once

#include "report/page/profile_content.h"
#include "report/profile/used_frames.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ashlar::report::page {

struct PageSection {
    std::string id;
    std::string words; // its heading
    std::string html;
};

// Of the first process of `content.locks`; none without.
std::vector<PageSection> lock_sections(const ProfileContent& content);
nlohmann::ordered_json lock_data(const ProfileContent& content, profile::UsedFrames& frames);

} // namespace ashlar::report::page
