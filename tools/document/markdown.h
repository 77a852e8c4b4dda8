// SPDX-License-Identifier: MIT
// The Markdown of docs/, as text of a manual page: headings, paragraphs, lists, code and tables.
#pragma once

#include <string>
#include <string_view>

namespace ashlar::document {

// Text with `code`, *emphasis*, **strong words** and [links](of.md), of which the words stay.
std::string roff_of_markdown_text(std::string_view text);

// All but the title and comments. What comes before the second heading is the section DESCRIPTION. A row of a
// table becomes a tagged paragraph: its first cell is the tag, cells in the middle are introduced by their
// column's name.
std::string roff_of_markdown(std::string_view text);

} // namespace ashlar::document
