// SPDX-License-Identifier: MIT
#include "document/markdown.h"

#include "document/roff.h"

#include <algorithm>
#include <sstream>
#include <vector>

namespace ashlar::document {

namespace {

using Lines = std::vector<std::string>;
using Place = Lines::const_iterator;

constexpr std::string_view kFence = "```";
constexpr std::string_view kCodeIndent = "    ";

bool is_blank(std::string_view line) {
    return line.find_first_not_of(' ') == std::string_view::npos;
}

bool is_row(std::string_view line) {
    return line.starts_with('|');
}

// Comments are for tests and scripts only.
bool is_comment(std::string_view line) {
    return line.starts_with("<!--") && line.ends_with("-->");
}

bool is_bullet(std::string_view line) {
    return line.starts_with("* ") || line.starts_with("- ");
}

// Returns 3 for "12. text", whose text begins one character later. Returns 0 if the line has no number.
std::size_t length_of_number(std::string_view line) {
    const auto digits = line.find_first_not_of("0123456789");
    const bool is_item =
        digits != 0 && digits != std::string_view::npos && line.substr(digits).starts_with(". ");
    return is_item ? digits + 1 : 0;
}

bool starts_block(std::string_view line) {
    return is_blank(line) || is_row(line) || is_bullet(line) || length_of_number(line) != 0 ||
           line.starts_with('#') || line.starts_with(kFence);
}

std::string trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(' ');
    return begin == std::string_view::npos
               ? ""
               : std::string(text.substr(begin, text.find_last_not_of(' ') + 1 - begin));
}

// Returns the text of `place` and of the lines that continue its block.
std::string joined(std::string first, Place& place, Place end) {
    for (++place; place != end && !starts_block(*place); ++place) {
        first += "\n" + trimmed(*place);
    }
    return first;
}

std::vector<std::string> cells_of(std::string_view row) {
    std::vector<std::string> cells;
    std::string cell;
    bool in_code = false;
    row.remove_prefix(1);
    for (std::size_t at = 0; at < row.size(); ++at) {
        const bool is_escaped = row[at] == '\\' && at + 1 < row.size() && row[at + 1] == '|';
        in_code = in_code != (row[at] == '`');
        if (is_escaped) {
            cell += row[++at];
        } else if (row[at] == '|' && !in_code) {
            cells.push_back(trimmed(cell));
            cell.clear();
        } else {
            cell += row[at];
        }
    }
    return cells;
}

std::string table(Place& place, Place end) {
    const auto titles = cells_of(*place);
    std::advance(place, std::min<std::ptrdiff_t>(2, end - place)); // skips the line below the titles, too
    std::string text;
    for (; place != end && is_row(*place); ++place) {
        const auto cells = cells_of(*place);
        if (cells.empty()) {
            continue;
        }
        text += ".TP\n" + roff_of_markdown_text(cells.front()) + "\n";
        for (std::size_t column = 1; column < cells.size(); ++column) {
            const bool has_title = column + 1 < cells.size() && column < titles.size();
            if (!cells[column].empty()) {
                text += has_title ? italic(titles[column]) + ": " : "";
                text += roff_of_markdown_text(cells[column]) + (has_title ? "\n.br\n" : "\n");
            }
        }
    }
    return text;
}

std::string fenced(Place& place, Place end) {
    std::string body;
    for (++place; place != end && !place->starts_with(kFence); ++place) {
        body += *place + "\n";
    }
    if (place != end) {
        ++place;
    }
    return verbatim(body);
}

std::string indented(Place& place, Place end) {
    std::string body;
    for (; place != end && (place->starts_with(kCodeIndent) || is_blank(*place)); ++place) {
        body += *place + "\n";
    }
    return verbatim(body.substr(0, body.find_last_not_of('\n') + 1));
}

std::string block(Place& place, Place end) {
    if (place->starts_with(kFence)) {
        return fenced(place, end);
    }
    if (is_row(*place)) {
        return table(place, end);
    }
    if (place->starts_with(kCodeIndent)) {
        return indented(place, end);
    }
    if (is_bullet(*place)) {
        return ".IP \\(bu 2\n" + roff_of_markdown_text(joined(place->substr(2), place, end)) + "\n";
    }
    if (const std::size_t number = length_of_number(*place); number != 0) {
        const std::string mark = ".IP " + place->substr(0, number) + " 4\n";
        return mark + roff_of_markdown_text(joined(place->substr(number + 1), place, end)) + "\n";
    }
    return ".PP\n" + roff_of_markdown_text(joined(*place, place, end)) + "\n";
}

// "## Title" is a section, "### Title" a part of one.
std::string heading(std::string_view line) {
    const auto level = line.find_first_not_of('#');
    const std::string title = trimmed(line.substr(std::min(level, line.size())));
    return level <= 2 ? section(title) : ".SS " + roff_of_markdown_text(title) + "\n";
}

// Returns the text between two `mark`s if `text` begins with a mark.
std::string_view between(std::string_view text, std::string_view mark) {
    if (!text.starts_with(mark)) {
        return {};
    }
    text.remove_prefix(mark.size());
    const auto end = text.find(mark);
    return end == std::string_view::npos ? std::string_view{} : text.substr(0, end);
}

// Returns the words of the link that `text` begins with, and its whole length in `size`.
std::string_view words_of_link(std::string_view text, std::size_t& size) {
    const auto middle = text.find(']');
    const auto end = text.find(')');
    if (!text.starts_with('[') || middle > end || end == std::string_view::npos || text[middle + 1] != '(') {
        return {};
    }
    size = end + 1;
    return text.substr(1, middle - 1);
}

} // namespace

std::string roff_of_markdown_text(std::string_view text) {
    std::string result;
    std::string plain;
    const auto flush = [&] {
        result += roff(plain);
        plain.clear();
    };
    while (!text.empty()) {
        std::size_t size = 0;
        if (const auto code = between(text, "`"); !code.empty()) {
            flush();
            result += bold(std::string(code));
            size = code.size() + 2;
        } else if (const auto strong = between(text, "**"); !strong.empty()) {
            flush();
            result += bold(std::string(strong));
            size = strong.size() + 4;
        } else if (const auto stressed = between(text, "*"); !stressed.empty() && stressed.front() != ' ') {
            flush();
            result += italic(std::string(stressed));
            size = stressed.size() + 2;
        } else if (const auto words = words_of_link(text, size); !words.empty()) {
            flush();
            result += roff_of_markdown_text(words);
        } else {
            plain += text.front();
            size = 1;
        }
        text.remove_prefix(size);
    }
    flush();
    return result;
}

std::string roff_of_markdown(std::string_view text) {
    std::istringstream stream{std::string(text)};
    Lines lines;
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    std::string result = section("Description");
    for (Place place = lines.begin(); place != lines.end();) {
        if (is_blank(*place) || is_comment(*place) || place->starts_with("# ")) {
            ++place;
        } else if (place->starts_with('#')) {
            result += heading(*place++);
        } else {
            result += block(place, lines.end());
        }
    }
    return result;
}

} // namespace ashlar::document
