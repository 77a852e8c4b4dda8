// SPDX-License-Identifier: MIT
// What the page of a profile is made of.
#pragma once

#include "profile/locks.h"
#include "profile/summary.h"

#include <string>
#include <vector>

namespace ashlar::report::page {

struct ProfileContent {
    const std::vector<ashlar::profile::Summary>& summaries;          // empty: the page is of locks alone
    const std::vector<ashlar::profile::Summary>* before = nullptr;   // what these are compared with
    const std::vector<ashlar::profile::LockReport>* locks = nullptr; // the first is shown
    ashlar::profile::Frames& frames;
    ashlar::profile::View first = ashlar::profile::View::kPeak; // the one that is shown
    std::uint64_t temporary_within = ashlar::profile::kSoon;
    std::vector<std::string> notes{}; // on names that were not found
};

} // namespace ashlar::report::page
