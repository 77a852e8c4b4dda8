// SPDX-License-Identifier: MIT
// Pieces of manual pages in roff.
#pragma once

#include <string>

namespace ashlar::document {

struct PageHeading {
    std::string name; // "ashlar-run"
    int section = 1;
    std::string purpose; // a phrase without a full stop
};

// Returns the title of a page and its section NAME.
std::string page_heading(const PageHeading& heading);

// Escapes text: it contains no requests, and hyphens can be copied as typed.
std::string roff(const std::string& text);
std::string bold(const std::string& text);
std::string italic(const std::string& text);

// Returns the heading of a section.
std::string section(const std::string& title);
// Removes requests for a paragraph at the start of a section, of which mandoc warns.
std::string without_empty_paragraphs(const std::string& page);
// Keeps the lines as they are.
std::string verbatim(const std::string& body);

// Returns "ashlar-run(1)".
std::string reference(const std::string& page, int section);

} // namespace ashlar::document
