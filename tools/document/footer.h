// SPDX-License-Identifier: MIT
// The footer of a sub-command's --help, taken apart. That text is all there is to read about examples and
// exit status, and manual pages say the same.
#pragma once

#include <string>
#include <vector>

namespace ashlar::document {

// A paragraph. One that begins with "Word or two:" has that as its title. Its body is verbatim if it stands
// indented in the lines below, as examples do.
struct Paragraph {
    std::string title; // empty: ordinary text
    std::string body;
    bool is_verbatim = false;
};

std::vector<Paragraph> parse_footer(const std::string& footer);

} // namespace ashlar::document
