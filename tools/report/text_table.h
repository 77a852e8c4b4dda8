// SPDX-License-Identifier: MIT
// A table for people: the first column is words, the others are figures.
#pragma once

#include <string>
#include <vector>

namespace ashlar::report {

enum class Tint { kNone, kGood, kBad, kFaint };

struct TextCell {
    std::string text;
    Tint tint = Tint::kNone;
};

class TextTable {
  public:
    explicit TextTable(std::vector<std::string> header);

    void add(std::vector<TextCell> row); // as long as the header, or shorter
    void add_rule();                     // a line between rows

    std::string render(bool colour) const;

  private:
    std::vector<std::string> header_;
    std::vector<std::vector<TextCell>> rows_; // an empty one is a rule
};

} // namespace ashlar::report
