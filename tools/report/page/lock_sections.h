// SPDX-License-Identifier: MIT
// The sections about locks of a profile's page: costs of locks, and who waited for whom and when. Also the
// data for the script that draws them (locks.js).
#pragma once

#include "report/page/profile_content.h"
#include "report/profile/used_frames.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ashlar::report::page {

struct PageSection {
    std::string id;
    std::string words; // heading
    std::string html;
};

// Returns the sections of the first process of `content.locks`, or none without locks.
std::vector<PageSection> lock_sections(const ProfileContent& content);
nlohmann::ordered_json lock_data(const ProfileContent& content, profile::UsedFrames& frames);

} // namespace ashlar::report::page
