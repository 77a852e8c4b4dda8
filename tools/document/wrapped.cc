// SPDX-License-Identifier: MIT
#include "document/wrapped.h"

#include <algorithm>
#include <vector>

namespace ashlar::document {

namespace {

constexpr std::size_t kContinued = 6; // indentation of an example's continuation

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

// Counts characters of UTF-8.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char each) {
        return (static_cast<unsigned char>(each) & 0xC0) != 0x80;
    }));
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
    const std::size_t gap = line.find("  ", begin);
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

} // namespace

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
        const std::string_view word = text.substr(0, text.find_first_of(" \n"));
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

} // namespace ashlar::document
