// SPDX-License-Identifier: MIT
// Manual pages of the library, written from its header and from docs/.
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

} // namespace ashlar::document
