// SPDX-License-Identifier: MIT
// The content of a profile's page.
#pragma once

#include "profile/locks.h"
#include "profile/summary.h"

#include <string>
#include <vector>

namespace ashlar::report::page {

struct ProfileContent {
    const std::vector<ashlar::profile::Summary>& summaries;          // empty: a page with locks only
    const std::vector<ashlar::profile::Summary>* before = nullptr;   // profiles to compare with
    const std::vector<ashlar::profile::LockReport>* locks = nullptr; // the first one is shown
    ashlar::profile::Frames& frames;
    ashlar::profile::View first = ashlar::profile::View::kPeak; // shown first
    std::uint64_t temporary_within = ashlar::profile::kSoon;
    std::vector<std::string> notes{}; // about names that were not found
};

} // namespace ashlar::report::page
