// SPDX-License-Identifier: MIT
// A profile for people, on a terminal: the figures of the whole program, the places that count most, and what
// to do.
#pragma once

#include "profile/summary.h"
#include "report/text_table.h"

#include <optional>
#include <string>
#include <vector>

namespace ashlar::report::profile {

struct ProfileTextSettings {
    TextSettings text{};
    ashlar::profile::View view = ashlar::profile::View::kPeak;
    std::size_t top = 10; // sites, and processes
    std::uint64_t temporary_within = ashlar::profile::kSoon;
    std::optional<double> at{}; // of the view kLive in differences: the moment
};

std::string profile_text(const ashlar::profile::Summary& summary, const ashlar::profile::Frames& frames,
                         const ProfileTextSettings& settings);

// One line for each of the first processes, and one for all others.
std::string processes_text(const std::vector<ashlar::profile::Summary>& summaries,
                           const ProfileTextSettings& settings);

std::string differences_text(const std::vector<ashlar::profile::Difference>& differences,
                             const ashlar::profile::Frames& frames, const ProfileTextSettings& settings);

} // namespace ashlar::report::profile
