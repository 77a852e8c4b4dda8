// SPDX-License-Identifier: MIT
// Maps values to places on an axis, and chooses its ticks. Linear axes are from 0 to a round number.
// Logarithmic axes show ratios and span the data.
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

    // `pixels.low` is the place of `values.low`. On axes that point up it is the larger one.
    Scale(Kind kind, Range values, Range pixels) : kind_(kind), values_(values), pixels_(pixels) {}

    // Returns the place of a value. Values outside the range are at its ends.
    double place(double value) const;
    bool holds(double value) const { return value >= values_.low && value <= values_.high; }
    const Range& values() const { return values_; }
    const Range& pixels() const { return pixels_; }

  private:
    Kind kind_;
    Range values_;
    Range pixels_;
};

// Returns about `wanted` round numbers (steps of 1, 2 or 5 times a power of ten) from 0 to at least
// `highest`. The axis ends at the last one.
std::vector<double> linear_ticks(double highest, int wanted);

// Returns a range with all values, a margin, and 1. Values that are not finite or not positive become 1.
Range ratio_range(Range values);

// Returns round ratios (0.5, 1, 2, 5 or finer) within the range, including 1: the finest with at most `most`
// ticks.
std::vector<double> ratio_ticks(Range range, int most);

// Returns "0.75", "2" or "1500", with as few digits as needed.
std::string tick_text(double value);

} // namespace ashlar::report::chart
