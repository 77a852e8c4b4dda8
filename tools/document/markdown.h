// SPDX-License-Identifier: MIT
// Converts the Markdown of docs/ to text of a manual page: headings, paragraphs, lists, code and tables.
#pragma once

#include <string>
#include <string_view>

namespace ashlar::document {

// Converts text with `code`, *emphasis* and **strong words**. Of [links](of.md) only the words are kept.
std::string roff_of_markdown_text(std::string_view text);

// Converts everything but the title and comments. Text before the second heading becomes the section
// DESCRIPTION. A table row becomes a tagged paragraph: the first cell is the tag. Column names introduce the
// middle cells.
std::string roff_of_markdown(std::string_view text);

} // namespace ashlar::document
