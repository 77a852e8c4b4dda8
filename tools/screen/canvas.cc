// SPDX-License-Identifier: MIT
#include "screen/canvas.h"

#include <algorithm>

namespace ashlar::screen {

Canvas::Canvas(std::size_t rows, std::size_t columns)
    : columns_(columns), texts_(rows, std::string(columns, ' ')),
      styles_(rows, std::vector<Style>(columns, Style::kPlain)) {}

void Canvas::put(std::size_t row, std::size_t column, std::string_view text, Style style) {
    if (row >= rows()) {
        return;
    }
    for (const char each : text) {
        if (column >= columns_) {
            return;
        }
        texts_[row][column] = each >= ' ' && each <= '~' ? each : '?';
        styles_[row][column] = style;
        ++column;
    }
}

void Canvas::put_line(std::size_t row, std::string_view text, Style style) {
    std::string line(text);
    line.resize(std::max(line.size(), columns_), ' ');
    put(row, 0, line, style);
}

} // namespace ashlar::screen
