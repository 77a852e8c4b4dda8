// SPDX-License-Identifier: MIT
#include "machine/wrapped.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

namespace ashlar::machine {

namespace {

constexpr std::size_t kContinued = 6;   // how far the rest of an example is indented
constexpr std::string_view kGap = "  "; // between the columns of a table

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

// What begins the text and is not broken: a word, or several in backquotes or quotes. An apostrophe inside a
// word closes nothing.
std::string_view first_word(std::string_view text) {
    std::size_t end = 0;
    const std::size_t open = text.find_first_not_of('(');
    if (open != std::string_view::npos && (text[open] == '`' || text[open] == '\'')) {
        const auto is_inside = [&](std::size_t place) {
            return place + 1 < text.size() && std::isalnum(static_cast<unsigned char>(text[place + 1])) != 0;
        };
        end = text.find(text[open], open + 1);
        while (end != std::string_view::npos && is_inside(end)) {
            end = text.find(text[open], end + 1);
        }
        end = end == std::string_view::npos ? 0 : end;
    }
    return text.substr(0, text.find_first_of(" \n", end));
}

// Continues a command on the next line behind a backslash.
std::string broken_command(std::string_view line, std::size_t columns) {
    std::string text;
    std::string indent;
    while (indent.size() + line.size() > columns) {
        const std::size_t room = columns - indent.size() - 2;
        std::size_t end = line.rfind(' ', room);
        if (end == std::string_view::npos || end <= line.find_first_not_of(' ')) {
            end = line.find(' ', room);
        }
        if (end == std::string_view::npos) {
            break;
        }
        text += indent + std::string(line.substr(0, end)) + " \\\n";
        line.remove_prefix(end + 1);
        indent.assign(kContinued, ' ');
    }
    return text + indent + std::string(line);
}

std::string broken(std::string_view line, std::size_t columns) {
    if (width(line) <= columns) {
        return std::string(line);
    }
    constexpr std::size_t kNarrowest = 24;
    const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
    const std::size_t gap = line.find(kGap, begin);
    if (gap == std::string_view::npos) {
        return broken_command(line, columns);
    }
    const std::size_t second = line.find_first_not_of(' ', gap);
    if (second + kNarrowest <= columns && width(line.substr(0, second)) == second) {
        return std::string(line.substr(0, second)) + wrapped(line.substr(second), columns, second);
    }
    return broken_command(line.substr(0, gap), columns) + "\n" + std::string(kContinued, ' ') +
           wrapped(line.substr(second), columns, kContinued);
}

bool is_copied(std::string_view line) {
    constexpr std::array<std::string_view, 4> kBegins{"command: ", "again: ", "example: ", "|"};
    return std::any_of(kBegins.begin(), kBegins.end(),
                       [&](std::string_view begin) { return line.starts_with(begin); });
}

std::string broken_sentence(std::string_view line, std::size_t columns) {
    const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
    const std::string_view words = line.substr(begin);
    if (width(line) <= columns || is_copied(words)) {
        return std::string(line);
    }
    const std::size_t gap = words.find(kGap);
    if (gap == std::string_view::npos) {
        const std::size_t indent = begin > 0 || words.starts_with("- ") ? begin + 2 : 0;
        return std::string(begin, ' ') + wrapped(words, columns, begin, indent);
    }
    const std::size_t second = std::min(words.find_first_not_of(' ', gap), words.size());
    const std::string_view label = line.substr(0, begin + second);
    const bool is_row = words.find(kGap, second) != std::string_view::npos || width(label) > columns / 2;
    return is_row ? std::string(line)
                  : std::string(label) + wrapped(words.substr(second), columns, width(label));
}

} // namespace

std::size_t width(std::string_view text) {
    std::size_t columns = 0;
    bool is_code = false; // from the escape character to the first letter
    for (const char each : text) {
        if (each == '\033' || is_code) {
            is_code = std::isalpha(static_cast<unsigned char>(each)) == 0;
        } else {
            columns += (static_cast<unsigned char>(each) & 0xC0) != 0x80 ? 1 : 0;
        }
    }
    return columns;
}

std::string wrapped(std::string_view text, std::size_t columns, std::size_t start) {
    return wrapped(text, columns, start, start);
}

std::string wrapped(std::string_view text, std::size_t columns, std::size_t start, std::size_t indent) {
    std::string result;
    std::size_t used = start;
    bool is_first = true;
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
        if (text.empty()) {
            return result;
        }
        const std::string_view word = first_word(text);
        text.remove_prefix(word.size());
        if (!is_first && used + 1 + width(word) > columns) {
            result += "\n" + std::string(indent, ' ');
            used = indent;
        } else if (!is_first) {
            result += ' ';
            ++used;
        }
        result += word;
        used += width(word);
        is_first = false;
    }
}

std::string wrapped_paragraphs(std::string_view text, std::size_t columns) {
    std::string result;
    std::string flowing;
    const auto end_of_flowing = [&] {
        if (!flowing.empty()) {
            result += wrapped(flowing, columns, 0) + "\n";
            flowing.clear();
        }
    };
    for (const std::string_view line : lines_of(text)) {
        if (line.empty() || line.starts_with(' ')) {
            end_of_flowing();
            result += broken(line, columns) + "\n";
        } else {
            flowing += std::string(line) + " ";
        }
    }
    end_of_flowing();
    return result;
}

std::string wrapped_lines(std::string_view text, std::size_t columns) {
    std::string result;
    for (const std::string_view line : lines_of(text)) {
        result += broken_sentence(line, columns) + "\n";
    }
    return result;
}

} // namespace ashlar::machine
