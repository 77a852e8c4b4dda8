// SPDX-License-Identifier: MIT
// The contents of a screen, line by line. Knows no terminal, so that views are tested without one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ashlar::screen {

enum class Style : unsigned char {
    kPlain,
    kBold,
    kFaint,
    kHeading,
    kSelected,
    kLive,
    kFree,
    kOutside,
    kWarning
};

class Canvas {
  public:
    Canvas(std::size_t rows, std::size_t columns);

    std::size_t rows() const { return texts_.size(); }
    std::size_t columns() const { return columns_; }

    // Writes `text` and cuts what does not fit. Characters outside printable ASCII become question marks.
    void put(std::size_t row, std::size_t column, std::string_view text, Style style = Style::kPlain);
    // Writes `text` like put(), with the rest of the line in the same style.
    void put_line(std::size_t row, std::string_view text, Style style);

    const std::string& text(std::size_t row) const { return texts_[row]; }
    Style style(std::size_t row, std::size_t column) const { return styles_[row][column]; }

  private:
    std::size_t columns_;
    std::vector<std::string> texts_;
    std::vector<std::vector<Style>> styles_;
};

} // namespace ashlar::screen
