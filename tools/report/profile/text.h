// SPDX-License-Identifier: MIT
// A profile for people, on a terminal: figures of the whole program, the largest sites, and advice.
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
    std::optional<double> at{}; // moment of View::kLive in differences
};

std::string profile_text(const ashlar::profile::Summary& summary, const ashlar::profile::Frames& frames,
                         const ProfileTextSettings& settings);

// Returns a line for each of the first processes, and one for all others.
std::string processes_text(const std::vector<ashlar::profile::Summary>& summaries,
                           const ProfileTextSettings& settings);

std::string differences_text(const std::vector<ashlar::profile::Difference>& differences,
                             const ashlar::profile::Frames& frames, const ProfileTextSettings& settings);

} // namespace ashlar::report::profile
