// SPDX-License-Identifier: MIT
// Parses the footer of a sub-command's --help, the only source for examples and exit status. Manual pages
// repeat it.
#pragma once

#include <string>
#include <vector>

namespace ashlar::document {

// A paragraph. A beginning "Word or two:" is its title. The body is verbatim if its lines are indented.
struct Paragraph {
    std::string title; // empty: ordinary text
    std::string body;
    bool is_verbatim = false;
};

std::vector<Paragraph> parse_footer(const std::string& footer);

} // namespace ashlar::document
