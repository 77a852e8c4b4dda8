// SPDX-License-Identifier: MIT
// Generates manual pages of the library and of files, from its header and docs/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ashlar::document {

// Returns libashlar(3), from the comments and declarations of ashlar/ashlar.h.
std::string library_page(std::string_view header);
// Returns the header's functions in their order.
std::vector<std::string> functions_of(std::string_view header);

// Returns ashlar-settings(7), from docs/configuration.md.
std::string settings_page(std::string_view markdown);
// Returns ashlar-statistics(5), from docs/statistics.md.
std::string statistics_page(std::string_view markdown);
// Returns ashlar-profile(5), from docs/profiles.md.
std::string profile_page(std::string_view markdown);
// Returns ashlar-results(5), from docs/json.md and the texts of all schemas.
std::string results_page(std::string_view markdown, const std::vector<std::string>& schemas);

} // namespace ashlar::document
