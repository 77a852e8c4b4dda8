// SPDX-License-Identifier: MIT
// Manual pages of the library and of files, written from its header and from docs/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ashlar::document {

// libashlar(3), of the comments and declarations of ashlar/ashlar.h.
std::string library_page(std::string_view header);
// Its functions, in their order.
std::vector<std::string> functions_of(std::string_view header);

// ashlar-settings(7), of docs/configuration.md.
std::string settings_page(std::string_view markdown);
// ashlar-statistics(5), of docs/statistics.md.
std::string statistics_page(std::string_view markdown);
// ashlar-profile(5), of docs/profiles.md.
std::string profile_page(std::string_view markdown);
// ashlar-results(5), of docs/json.md and the texts of all schemas.
std::string results_page(std::string_view markdown, const std::vector<std::string>& schemas);

} // namespace ashlar::document
