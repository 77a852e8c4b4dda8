// SPDX-License-Identifier: MIT
#include "report/text_table.h"

#include "machine/wrapped.h"

#include <algorithm>
#include <string_view>

namespace ashlar::report {

namespace {

constexpr const char* kGap = "  ";

using machine::width;

} // namespace

std::string tinted(const std::string& text, Tint tint) {
    switch (tint) {
    case Tint::kGood:
        return "\033[32m" + text + "\033[0m";
    case Tint::kBad:
        return "\033[31m" + text + "\033[0m";
    case Tint::kFaint:
        return "\033[2m" + text + "\033[0m";
    case Tint::kStrong:
        return "\033[1m" + text + "\033[0m";
    case Tint::kNone:
        break;
    }
    return text;
}

TextTable::TextTable(std::vector<std::string> header) : header_(std::move(header)) {}

void TextTable::add(std::vector<TextCell> row) {
    row.resize(header_.size());
    rows_.push_back(std::move(row));
}

void TextTable::add_rule() {
    rows_.emplace_back();
}

std::vector<std::size_t> TextTable::widths() const {
    std::vector<std::size_t> widths;
    for (std::size_t column = 0; column < header_.size(); ++column) {
        std::size_t widest = width(header_[column]);
        for (const auto& row : rows_) {
            widest = row.empty() ? widest : std::max(widest, width(row[column].text));
        }
        widths.push_back(widest);
    }
    return widths;
}

std::string TextTable::render(bool colour, std::size_t most) const {
    const std::vector<std::size_t> all = widths();
    const std::size_t gap = std::string_view(kGap).size();
    std::string result;
    std::size_t begin = 1;
    do {
        std::size_t end = begin;
        std::size_t used = all.front();
        while (end < all.size() && (end == begin || used + gap + all[end] <= most)) {
            used += gap + all[end++];
        }
        result += (result.empty() ? "" : "\n") + render_columns(begin, end, colour);
        begin = end;
    } while (begin < all.size());
    return result;
}

// Renders the first column and the columns from `begin` to before `end`.
std::string TextTable::render_columns(std::size_t begin, std::size_t end, bool colour) const {
    const std::vector<std::size_t> all = widths();
    std::string result;
    const auto put = [&](std::size_t column, const TextCell& cell) {
        const std::string space(all[column] - width(cell.text), ' ');
        const std::string text = colour ? tinted(cell.text, cell.tint) : cell.text;
        result += column == 0 ? text + space : kGap + space + text;
    };
    const auto line = [&](const auto& put_cell) {
        put_cell(0);
        for (std::size_t column = begin; column < end; ++column) {
            put_cell(column);
        }
        result.erase(result.find_last_not_of(' ') + 1);
        result += '\n';
    };
    const auto put_rule = [&](std::size_t column) {
        result += (column == 0 ? "" : kGap) + std::string(all[column], '-');
    };
    line([&](std::size_t column) { put(column, {header_[column]}); });
    line(put_rule);
    for (const auto& row : rows_) {
        if (row.empty()) {
            line(put_rule);
        } else {
            line([&](std::size_t column) { put(column, row[column]); });
        }
    }
    return result;
}

} // namespace ashlar::report
