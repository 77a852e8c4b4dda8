// SPDX-License-Identifier: MIT
#include "report/chart/multiples.h"

#include "report/chart/markup.h"
#include "report/chart/svg.h"

#include <algorithm>
#include <fmt/format.h>

namespace ashlar::report::chart {

namespace {

constexpr double kTop = 36;     // vertical axis's title and line descriptions
constexpr double kTitle = 22;   // above a panel
constexpr double kPanel = 110;  // height of a panel
constexpr double kBelow = 26;   // labels of the horizontal axis
constexpr double kLeft = 52;    // labels of the vertical axis
constexpr double kBetween = 14; // between panels
constexpr double kLetter = 12;

struct Grid {
    double width;
    std::size_t columns;
};

Grid grid_of(Room room) {
    return room == Room::kWide ? Grid{.width = 900, .columns = 4} : Grid{.width = 340, .columns = 2};
}

double highest(const Lines& lines) {
    double found = 0;
    for (const Line& line : lines.lines) {
        for (const LinePoint& point : line.points) {
            found = std::max(found, point.y);
        }
    }
    return found;
}

class MultiplesPicture {
  public:
    MultiplesPicture(const Lines& lines, Room room)
        : lines_(lines), grid_(grid_of(room)), ticks_(linear_ticks(highest(lines), 2)),
          wide_(room == Room::kWide), svg_(grid_.width, height(), lines.name, wide_ ? "wide" : "narrow") {}

    std::string draw() {
        svg_.text({0, 12}, Anchor::kStart, lines_.y_title, "axis");
        for (std::size_t index = 0; index < lines_.lines.size(); ++index) {
            draw_panel(index);
        }
        svg_.text({(kLeft + grid_.width) / 2, height() - 6}, Anchor::kMiddle, lines_.x_title, "axis");
        return svg_.finish();
    }

  private:
    std::size_t columns() const { return std::min(grid_.columns, lines_.lines.size()); }
    double row_height() const { return kTitle + kPanel + kBelow; }

    double height() const {
        const std::size_t rows = (lines_.lines.size() + columns() - 1) / columns();
        return kTop + static_cast<double>(rows) * row_height() + 18;
    }

    double panel_width() const {
        const auto count = static_cast<double>(columns());
        return (grid_.width - kLeft - (count - 1) * kBetween - 8) / count;
    }

    void draw_panel(std::size_t index) {
        const auto column = static_cast<double>(index % columns());
        const auto row = static_cast<double>(index / columns());
        const double left = kLeft + column * (panel_width() + kBetween);
        const double top = kTop + row * row_height() + kTitle;
        const Range values{.low = lines_.x_marks.front().at, .high = lines_.x_marks.back().at};
        const Scale x(Scale::Kind::kLinear, values, {.low = left, .high = left + panel_width()});
        const Scale y(Scale::Kind::kLinear, {.low = 0, .high = ticks_.back()},
                      {.low = top + kPanel, .high = top});
        draw_axes(x, y, index % columns() == 0);
        const Line& line = lines_.lines[index];
        if (index != 0) {
            svg_.polyline(points(lines_.lines.front(), x, y),
                          "path faint " + slot_class(lines_.lines.front().slot));
        }
        svg_.open_point(line.description, slot_class(line.slot));
        svg_.mark({left + 6, top - 9}, line.slot, 5);
        svg_.text({left + 16, top - 5}, Anchor::kStart, line.name, "series");
        svg_.polyline(points(line, x, y), "path " + slot_class(line.slot));
        if (wide_) {
            svg_.text({kLeft, 28}, Anchor::kStart, line.description, "readout");
        }
        svg_.close();
    }

    void draw_axes(const Scale& x, const Scale& y, bool with_words) {
        for (const double tick : ticks_) {
            const double at = y.place(tick);
            svg_.line({x.pixels().low, at}, {x.pixels().high, at}, tick == 0 ? "one" : "grid");
            if (with_words) {
                svg_.text({x.pixels().low - 8, at + 4}, Anchor::kEnd, tick_text(tick), "tick");
            }
        }
        // Labels only the ends of so short an axis.
        const Mark& first = lines_.x_marks.front();
        const Mark& last = lines_.x_marks.back();
        svg_.text({x.pixels().low, y.pixels().low + 16}, Anchor::kStart, first.words, "tick");
        if (x.pixels().low + text_width(first.words, kLetter) + 8 <
            x.pixels().high - text_width(last.words, kLetter)) {
            svg_.text({x.pixels().high, y.pixels().low + 16}, Anchor::kEnd, last.words, "tick");
        }
    }

    static std::string points(const Line& line, const Scale& x, const Scale& y) {
        std::string text;
        for (const LinePoint& point : line.points) {
            text += fmt::format("{}{},{}", text.empty() ? "" : " ", number(x.place(point.x)),
                                number(y.place(point.y)));
        }
        return text;
    }

    const Lines& lines_;
    Grid grid_;
    std::vector<double> ticks_;
    bool wide_;
    Svg svg_;
};

} // namespace

std::string multiples_svg(const Lines& lines, Room room) {
    return lines.x_marks.size() < 2 || lines.lines.empty() ? std::string{}
                                                           : MultiplesPicture(lines, room).draw();
}

} // namespace ashlar::report::chart
