// SPDX-License-Identifier: MIT
// A table for people. The first column has words, the others figures.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace ashlar::report {

// Settings of text on the terminal.
struct TextSettings {
    bool colour = false;
    std::size_t columns = 80;
    unsigned processors = 1; // configurations with more threads are marked
};

enum class Tint { kNone, kGood, kBad, kFaint, kStrong };

// Adds the terminal's codes for the tint.
std::string tinted(const std::string& text, Tint tint);

struct TextCell {
    std::string text;
    Tint tint = Tint::kNone;
};

class TextTable {
  public:
    explicit TextTable(std::vector<std::string> header);

    void add(std::vector<TextCell> row); // as long as the header, or shorter
    void add_rule();                     // a line between rows

    // Columns that make lines longer than `width` follow in another table, which repeats the first column.
    std::string render(bool colour, std::size_t width = kAnyWidth) const;

  private:
    static constexpr std::size_t kAnyWidth = 1'000'000;

    std::vector<std::size_t> widths() const;
    std::string render_columns(std::size_t begin, std::size_t end, bool colour) const;

    std::vector<std::string> header_;
    std::vector<std::vector<TextCell>> rows_; // an empty row is a rule
};

} // namespace ashlar::report
