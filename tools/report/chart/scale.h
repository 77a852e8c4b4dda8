// SPDX-License-Identifier: MIT
// From values to places on an axis, and where the axis has its marks. Linear axes start at nothing and end at
// a round number; logarithmic ones show ratios, and reach as far as the data.
#pragma once

#include <string>
#include <vector>

namespace ashlar::report::chart {

struct Range {
    double low;
    double high;
};

class Scale {
  public:
    enum class Kind { kLinear, kLogarithmic };

    // `pixels.low` is where `values.low` lies; it may be the larger one, as axes that point up have it.
    Scale(Kind kind, Range values, Range pixels) : kind_(kind), values_(values), pixels_(pixels) {}

    // Values outside the range are placed at its ends.
    double place(double value) const;
    bool holds(double value) const { return value >= values_.low && value <= values_.high; }
    const Range& values() const { return values_; }
    const Range& pixels() const { return pixels_; }

  private:
    Kind kind_;
    Range values_;
    Range pixels_;
};

// Round numbers (1, 2 or 5 times a power of ten apart) from 0 to at least `highest`, about `wanted` of them.
// The last one is where the axis ends.
std::vector<double> linear_ticks(double highest, int wanted);

// What an axis of ratios shows: all values with a margin, and 1. What is not finite or not positive counts
// as 1.
Range ratio_range(Range values);

// Round ratios (0.5, 1, 2, 5 or finer) within the range, 1 among them, as fine as gives at most `most`.
std::vector<double> ratio_ticks(Range range, int most);

// "0.75", "2", "1500": as few digits as show it.
std::string tick_text(double value);

} // namespace ashlar::report::chart
