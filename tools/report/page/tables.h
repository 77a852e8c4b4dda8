// SPDX-License-Identifier: MIT
// Tables and lists of a page. All text is escaped here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ashlar::report::page {

// `body_id`: of the rows, for a script that fills them in.
std::string table_head(std::string_view caption, const std::vector<std::string>& header,
                       std::string_view body_id = {});
std::string table_row(const std::string& name, const std::vector<std::string>& cells);
inline constexpr const char* kTableEnd = "</tbody></table></div>\n";

std::string list(const std::vector<std::string>& sentences);

} // namespace ashlar::report::page
