// SPDX-License-Identifier: MIT
// Tables and lists of a page. Escapes all text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ashlar::report::page {

// `body_id` is the id of the table's body, for a script that fills it.
std::string table_head(std::string_view caption, const std::vector<std::string>& header,
                       std::string_view body_id = {});
std::string table_row(const std::string& name, const std::vector<std::string>& cells);
inline constexpr const char* kTableEnd = "</tbody></table></div>\n";

// A cell's text, and the class of its standing.
struct Cell {
    std::string text;
    const char* classes = "";
};

// A table with headings for rows and columns, in a frame that scrolls if the table is too wide.
class Table {
  public:
    Table(std::string_view caption, const std::vector<std::string>& header)
        : text_(table_head(caption, header)) {}
    void add(const std::string& name, const std::vector<Cell>& cells);
    std::string finish() { return text_ + kTableEnd; }

  private:
    std::string text_;
};

// Shows `content`, which is HTML, on request.
std::string folded(std::string_view summary, const std::string& content);
std::string list(const std::vector<std::string>& sentences);

} // namespace ashlar::report::page
