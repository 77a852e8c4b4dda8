// SPDX-License-Identifier: MIT
// A table for people: the first column is words, the others are figures.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace ashlar::report {

// What text on the terminal goes by.
struct TextSettings {
    bool colour = false;
    std::size_t columns = 80;
    unsigned processors = 1; // configurations with more threads are marked
};

enum class Tint { kNone, kGood, kBad, kFaint, kStrong };

// With the terminal's codes for it.
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

    // Columns that would make lines longer than `width` follow in a table of their own, with the first
    // column.
    std::string render(bool colour, std::size_t width = kAnyWidth) const;

  private:
    static constexpr std::size_t kAnyWidth = 1'000'000;

    std::vector<std::size_t> widths() const;
    std::string render_columns(std::size_t begin, std::size_t end, bool colour) const;

    std::vector<std::string> header_;
    std::vector<std::vector<TextCell>> rows_; // an empty one is a rule
};

} // namespace ashlar::report
