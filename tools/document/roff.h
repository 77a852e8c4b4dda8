// SPDX-License-Identifier: MIT
// Pieces of manual pages, in the language of roff.
#pragma once

#include <string>

namespace ashlar::document {

struct PageHeading {
    std::string name; // "ashlar-run"
    int section = 1;
    std::string purpose; // a phrase without a dot
};

// The title of a page, and its section NAME.
std::string page_heading(const PageHeading& heading);

// Text as roff shows it: nothing in it is a request, and hyphens are the ones that are typed.
std::string roff(const std::string& text);
std::string bold(const std::string& text);
std::string italic(const std::string& text);

// The heading of a section.
std::string section(const std::string& title);
// Without requests for a paragraph at the start of a section: mandoc complains of them.
std::string without_empty_paragraphs(const std::string& page);
// Lines that stay as they are.
std::string verbatim(const std::string& body);

// "ashlar-run(1)"
std::string reference(const std::string& page, int section);

} // namespace ashlar::document
