// SPDX-License-Identifier: MIT
#include "document/footer.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace ashlar::document {

namespace {

// Returns "Exit status" for "Exit status: 0, ...". A colon later in the text ends no title.
std::string_view title_of(std::string_view text) {
    constexpr std::size_t kLongest = 24;
    const auto colon = text.find(':');
    if (colon > kLongest || std::isupper(static_cast<unsigned char>(text[0])) == 0) {
        return {};
    }
    const std::string_view title = text.substr(0, colon);
    const bool is_words = std::all_of(title.begin(), title.end(),
                                      [](unsigned char c) { return std::isalpha(c) != 0 || c == ' '; });
    return is_words ? title : std::string_view{};
}

Paragraph parse(std::string_view text) {
    const std::string_view title = title_of(text);
    if (title.empty()) {
        return {.title = "", .body = std::string(text)};
    }
    text.remove_prefix(title.size() + 1);
    const bool is_verbatim = text.starts_with("\n ");
    text.remove_prefix(std::min(text.find_first_not_of(is_verbatim ? "\n" : " \n"), text.size()));
    return {.title = std::string(title), .body = std::string(text), .is_verbatim = is_verbatim};
}

} // namespace

std::vector<Paragraph> parse_footer(const std::string& footer) {
    std::vector<Paragraph> paragraphs;
    std::string_view rest = footer;
    while (true) {
        rest.remove_prefix(std::min(rest.find_first_not_of('\n'), rest.size()));
        if (rest.empty()) {
            return paragraphs;
        }
        const std::string_view text = rest.substr(0, rest.find("\n\n"));
        rest.remove_prefix(text.size());
        paragraphs.push_back(parse(text.substr(0, text.find_last_not_of('\n') + 1)));
    }
}

} // namespace ashlar::document
