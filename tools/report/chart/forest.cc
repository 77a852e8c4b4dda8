// SPDX-License-Identifier: MIT
#include "report/chart/forest.h"

#include "report/chart/axis.h"
#include "report/chart/svg.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace ashlar::report::chart {

namespace {

constexpr double kHeading = 30;  // height of a row's heading, with the name at its bottom
constexpr double kNameLine = 16; // height of a name's further line
constexpr double kLine = 20;
constexpr double kLetter = 13; // pixels
constexpr double kAxis = 40;

struct Columns {
    double width;
    double names; // right end of the names
    Range plot;
    bool intervals; // show intervals in words
    int ticks;
};

Columns columns_of(Room room) {
    if (room == Room::kWide) {
        return {.width = 900, .names = 150, .plot = {.low = 164, .high = 716}, .intervals = true, .ticks = 9};
    }
    return {.width = 340, .names = 84, .plot = {.low = 96, .high = 276}, .intervals = false, .ticks = 5};
}

void stretch(Range& range, double value) {
    if (std::isfinite(value) && value > 0) {
        range.low = std::min(range.low, value);
        range.high = std::max(range.high, value);
    }
}

Range range_of(const Forest& forest) {
    Range range{.low = 1, .high = 1};
    for (const ForestRow& row : forest.rows) {
        for (const ForestMark& mark : row.marks) {
            stretch(range, mark.median);
            stretch(range, mark.interval.low);
            stretch(range, mark.interval.high);
        }
    }
    return range;
}

class ForestPicture {
  public:
    ForestPicture(const Forest& forest, Room room)
        : forest_(forest), columns_(columns_of(room)),
          axis_(ratio_axis(range_of(forest), columns_.ticks, columns_.plot, kLetter)),
          scale_(axis_.scale(columns_.plot)), height_(total_height()),
          svg_(columns_.width, height_, forest.name, room == Room::kWide ? "wide" : "narrow") {}

    // Draws the noise first, because later elements are on top.
    std::string draw() {
        double top = kAxis;
        for (const ForestRow& row : forest_.rows) {
            draw_noise(row, top);
            top += height_of(row);
        }
        draw_axis();
        top = kAxis;
        for (const ForestRow& row : forest_.rows) {
            draw_row(row, top);
            top += height_of(row);
        }
        return svg_.finish();
    }

  private:
    // Breaks a long name into several lines, beside its note.
    std::vector<std::string> name_of(const ForestRow& row) const {
        const double note = row.note.empty() ? 0 : text_width(row.note, kLetter) + 12;
        return lines_of(row.name, kLetter, columns_.width - note);
    }

    double heading_of(const ForestRow& row) const {
        return kHeading + kNameLine * static_cast<double>(name_of(row).size() - 1);
    }

    double height_of(const ForestRow& row) const {
        return heading_of(row) +
               kLine * (static_cast<double>(row.marks.size()) + (row.without.empty() ? 0 : 1));
    }

    double total_height() const {
        double height = 2 * kAxis;
        for (const ForestRow& row : forest_.rows) {
            height += height_of(row);
        }
        return height;
    }

    // Draws the axis at the top and at the bottom, because forests are tall.
    void draw_axis() {
        const double bottom = height_ - kAxis + 6;
        for (const double tick : axis_.ticks) {
            const double x = scale_.place(tick);
            svg_.line({x, kAxis}, {x, bottom}, tick == 1 ? "one" : "grid");
            for (const double y : {kAxis - 8, bottom + 16}) {
                svg_.text({x, y}, Anchor::kMiddle, tick_text(tick) + "×", tick == 1 ? "tick strong" : "tick");
            }
        }
        svg_.text({columns_.plot.low, kAxis - 26}, Anchor::kStart, "← " + forest_.lower, "direction");
        svg_.text({columns_.plot.high, kAxis - 26}, Anchor::kEnd, forest_.higher + " →", "direction");
    }

    void draw_noise(const ForestRow& row, double top) {
        if (row.control) {
            const double left = scale_.place(row.control->low);
            const double right = scale_.place(row.control->high);
            const double heading = heading_of(row);
            svg_.box({left, top + heading - 6}, std::max(right - left, 1.0), height_of(row) - heading + 4,
                     "noise");
        }
    }

    void draw_row(const ForestRow& row, double top) {
        double name_y = top + kHeading - 10;
        for (const std::string& line : name_of(row)) {
            svg_.text({0, name_y}, Anchor::kStart, line, "row-name");
            name_y += kNameLine;
        }
        if (!row.note.empty()) {
            svg_.text({columns_.width, top + kHeading - 10}, Anchor::kEnd, row.note, "note");
        }
        double y = top + heading_of(row) + kLine / 2 - 4;
        for (const ForestMark& mark : row.marks) {
            draw_mark(mark, y);
            y += kLine;
        }
        if (!row.without.empty()) {
            svg_.text({12, y + 4}, Anchor::kStart, row.without, "note bad");
        }
    }

    void draw_mark(const ForestMark& mark, double y) {
        const std::string colour = slot_class(mark.slot);
        svg_.open_point(mark.description, "row " + colour);
        svg_.box({0, y - kLine / 2}, columns_.width, kLine, "hit");
        svg_.text({columns_.names, y + 4}, Anchor::kEnd, fitted(mark.name, kLetter, columns_.names),
                  "series");
        draw_rounds(mark, y);
        if (std::isfinite(mark.interval.low) && std::isfinite(mark.interval.high)) {
            svg_.line({scale_.place(mark.interval.low), y}, {scale_.place(mark.interval.high), y},
                      "whisker " + colour);
        }
        svg_.mark({scale_.place(mark.median), y}, mark.slot);
        svg_.text({columns_.plot.high + 60, y + 4}, Anchor::kEnd, mark.figure, "figure");
        if (columns_.intervals) {
            svg_.text({columns_.width, y + 4}, Anchor::kEnd, mark.interval_text, "interval");
        }
        svg_.close();
    }

    // A round outside the axis is an arrow at its end. A dot there would show a wrong value.
    void draw_rounds(const ForestMark& mark, double y) {
        svg_.open_group("raw " + slot_class(mark.slot));
        for (const double value : mark.rounds) {
            if (scale_.holds(value)) {
                svg_.dot({scale_.place(value), y}, 2.5, "round");
            } else {
                const bool above = value > scale_.values().high;
                svg_.text({above ? columns_.plot.high + 2 : columns_.plot.low - 2, y + 4},
                          above ? Anchor::kStart : Anchor::kEnd, above ? "›" : "‹", "tick");
            }
        }
        svg_.close();
    }

    const Forest& forest_;
    Columns columns_;
    RatioAxis axis_;
    Scale scale_;
    double height_;
    Svg svg_;
};

} // namespace

std::string forest_svg(const Forest& forest, Room room) {
    return ForestPicture(forest, room).draw();
}

} // namespace ashlar::report::chart
