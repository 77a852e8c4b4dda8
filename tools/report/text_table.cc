// SPDX-License-Identifier: MIT
#include "report/text_table.h"

#include <algorithm>

namespace ashlar::report {

namespace {

constexpr const char* kGap = "  ";

// Characters of UTF-8, each taken to be one column wide: no wide ones are printed.
std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char each) {
        return (static_cast<unsigned char>(each) & 0xC0) != 0x80;
    }));
}

std::string tinted(const std::string& text, Tint tint) {
    switch (tint) {
    case Tint::kGood:
        return "\033[32m" + text + "\033[0m";
    case Tint::kBad:
        return "\033[31m" + text + "\033[0m";
    case Tint::kFaint:
        return "\033[2m" + text + "\033[0m";
    case Tint::kNone:
        break;
    }
    return text;
}

} // namespace

TextTable::TextTable(std::vector<std::string> header) : header_(std::move(header)) {}

void TextTable::add(std::vector<TextCell> row) {
    row.resize(header_.size());
    rows_.push_back(std::move(row));
}

void TextTable::add_rule() {
    rows_.emplace_back();
}

std::string TextTable::render(bool colour) const {
    std::vector<std::size_t> widths;
    for (std::size_t column = 0; column < header_.size(); ++column) {
        std::size_t widest = width(header_[column]);
        for (const auto& row : rows_) {
            widest = row.empty() ? widest : std::max(widest, width(row[column].text));
        }
        widths.push_back(widest);
    }

    std::string result;
    const auto put = [&](std::size_t column, const TextCell& cell) {
        const std::string space(widths[column] - width(cell.text), ' ');
        const std::string text = colour ? tinted(cell.text, cell.tint) : cell.text;
        result += column == 0 ? text + space : kGap + space + text;
    };
    const auto end_line = [&] {
        result.erase(result.find_last_not_of(' ') + 1);
        result += '\n';
    };
    const auto rule = [&] {
        for (std::size_t column = 0; column < widths.size(); ++column) {
            result += (column == 0 ? "" : kGap) + std::string(widths[column], '-');
        }
        result += '\n';
    };
    for (std::size_t column = 0; column < header_.size(); ++column) {
        put(column, {header_[column]});
    }
    end_line();
    rule();
    for (const auto& row : rows_) {
        if (row.empty()) {
            rule();
            continue;
        }
        for (std::size_t column = 0; column < row.size(); ++column) {
            put(column, row[column]);
        }
        end_line();
    }
    return result;
}

} // namespace ashlar::report
