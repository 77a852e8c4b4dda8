// SPDX-License-Identifier: MIT
#include "report/chart/lines.h"

#include "report/chart/markup.h"
#include "report/chart/svg.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace ashlar::report::chart {

namespace {

constexpr double kLetter = 12;   // pixels, as below
constexpr double kApart = 15;    // distance of labels at the ends of lines
constexpr double kReadOut = 18;  // height of the text about the point under the mouse
constexpr double kAboveAxis = 8; // half a letter

struct Frame {
    double width;
    double height;
    Range x;
    Range y; // the bottom first
    bool labels;
    double beside; // distance of two series' marks at one place
};

Frame frame_of(Room room) {
    if (room == Room::kWide) {
        return {.width = 900,
                .height = 380,
                .x = {.low = 64, .high = 760},
                .y = {.low = 326, .high = 48},
                .labels = true,
                .beside = 6};
    }
    return {.width = 340,
            .height = 300,
            .x = {.low = 44, .high = 326},
            .y = {.low = 246, .high = 48},
            .labels = false,
            .beside = 3};
}

double highest(const Lines& lines) {
    double found = 0;
    for (const Line& line : lines.lines) {
        for (const LinePoint& point : line.points) {
            found = std::max(found, point.y);
            if (std::isfinite(point.interval.high)) {
                found = std::max(found, point.interval.high);
            }
        }
    }
    return found;
}

bool any_marks(const Lines& lines) {
    return std::any_of(lines.lines.begin(), lines.lines.end(), [](const Line& line) { return line.marks; });
}

// Leaves room at both ends for marks and whiskers.
Range inset(const Lines& lines, const Frame& frame) {
    const Range& x = frame.x;
    const double room = any_marks(lines) ? frame.beside * static_cast<double>(lines.lines.size()) / 2 + 8 : 0;
    return {.low = x.low + room, .high = x.high - room};
}

// Separates overlapping labels: moves them down in order, then up from the bottom as far as needed.
std::vector<double> apart(std::vector<double> wanted, double distance, double bottom) {
    std::vector<std::size_t> order(wanted.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](auto left, auto right) { return wanted[left] < wanted[right]; });
    for (std::size_t index = 1; index < order.size(); ++index) {
        double& lower = wanted[order[index]];
        lower = std::max(lower, wanted[order[index - 1]] + distance);
    }
    double limit = bottom;
    for (std::size_t index = order.size(); index-- > 0;) {
        double& place = wanted[order[index]];
        place = std::min(place, limit);
        limit = place - distance;
    }
    return wanted;
}

class LinesPicture {
  public:
    LinesPicture(const Lines& lines, Room room)
        : lines_(lines), frame_(frame_of(room)), ticks_(linear_ticks(highest(lines), 5)),
          x_(Scale::Kind::kLinear, x_range(), inset(lines, frame_)),
          y_(Scale::Kind::kLinear, {.low = 0, .high = ticks_.back()}, frame_.y),
          svg_(frame_.width, frame_.height, lines.name, room == Room::kWide ? "wide" : "narrow") {}

    std::string draw() {
        draw_shade();
        draw_axes();
        for (std::size_t index = 0; index < lines_.lines.size(); ++index) {
            draw_path(lines_.lines[index], shift(index));
        }
        for (std::size_t index = 0; index < lines_.lines.size(); ++index) {
            draw_points(lines_.lines[index], shift(index));
        }
        if (frame_.labels) {
            draw_labels();
        }
        return svg_.finish();
    }

  private:
    Range x_range() const {
        const double first = lines_.x_marks.front().at;
        const double last = lines_.x_marks.back().at;
        return {.low = first, .high = last > first ? last : first + 1};
    }

    // Moves series sideways, so that whiskers at one place do not hide each other.
    double shift(std::size_t index) const {
        const double middle = static_cast<double>(lines_.lines.size() - 1) / 2;
        return lines_.lines[index].marks ? (static_cast<double>(index) - middle) * frame_.beside : 0;
    }

    void draw_shade() {
        if (!lines_.shaded_from) {
            return;
        }
        const bool all = *lines_.shaded_from <= x_.values().low;
        const double left = all ? frame_.x.low : x_.place(*lines_.shaded_from);
        svg_.box({left, frame_.y.high}, frame_.x.high - left, frame_.y.low - frame_.y.high, "shade");
        svg_.text({frame_.x.high, frame_.y.high - 6}, Anchor::kEnd, lines_.shaded_words, "note");
    }

    void draw_axes() {
        for (const double tick : ticks_) {
            const double y = y_.place(tick);
            svg_.line({frame_.x.low, y}, {frame_.x.high, y}, tick == 0 ? "one" : "grid");
            svg_.text({frame_.x.low - 8, y + 4}, Anchor::kEnd, tick_text(tick), "tick");
        }
        double free_from = -1e9; // labels that would touch the one before are left out
        for (const Mark& mark : lines_.x_marks) {
            const double x = x_.place(mark.at);
            svg_.line({x, frame_.y.low}, {x, frame_.y.low + 5}, "one");
            const double half = text_width(mark.words, kLetter) / 2;
            if (x - half >= free_from) {
                svg_.text({x, frame_.y.low + 20}, Anchor::kMiddle, mark.words, "tick");
                free_from = x + half + 4;
            }
        }
        svg_.text({(frame_.x.low + frame_.x.high) / 2, frame_.height - 10}, Anchor::kMiddle, lines_.x_title,
                  "axis");
        svg_.text({0, 12}, Anchor::kStart, lines_.y_title, "axis");
    }

    void draw_path(const Line& line, double beside) {
        std::string points;
        for (const LinePoint& point : line.points) {
            points += fmt::format("{}{},{}", points.empty() ? "" : " ", number(x_.place(point.x) + beside),
                                  number(y_.place(point.y)));
        }
        const std::string classes = "path " + slot_class(line.slot);
        if (line.marks) {
            svg_.polyline(points, classes);
            return;
        }
        svg_.open_point(line.description, slot_class(line.slot));
        svg_.polyline(points, classes);
        // A mark at the line's end. Some people cannot tell lines by colour alone.
        svg_.mark({x_.place(line.points.back().x), y_.place(line.points.back().y)}, line.slot, 4);
        add_read_out(line.description);
        svg_.close();
    }

    void draw_points(const Line& line, double beside) {
        if (!line.marks) {
            return;
        }
        const std::string colour = slot_class(line.slot);
        for (const LinePoint& point : line.points) {
            const Point at{.x = x_.place(point.x) + beside, .y = y_.place(point.y)};
            svg_.open_point(point.description, colour);
            svg_.open_group("raw " + colour);
            for (const double value : point.rounds) {
                svg_.dot({at.x, y_.place(value)}, 2.5, "round");
            }
            svg_.close();
            if (std::isfinite(point.interval.low) && std::isfinite(point.interval.high)) {
                svg_.line({at.x, y_.place(point.interval.low)}, {at.x, y_.place(point.interval.high)},
                          "whisker faint " + colour);
            }
            svg_.mark(at, line.slot);
            add_read_out(point.description);
            svg_.close();
        }
    }

    void add_read_out(const std::string& description) {
        if (frame_.labels) {
            svg_.text({frame_.x.low, 12 + kReadOut}, Anchor::kStart, description, "readout");
        }
    }

    void draw_labels() {
        std::vector<const Line*> ended;
        std::vector<double> wanted;
        for (const Line& line : lines_.lines) {
            if (!line.points.empty()) {
                ended.push_back(&line);
                wanted.push_back(y_.place(line.points.back().y));
            }
        }
        const std::vector<double> places = apart(wanted, kApart, frame_.y.low + kAboveAxis);
        for (std::size_t index = 0; index < ended.size(); ++index) {
            const Line& line = *ended[index];
            const double end = x_.place(line.points.back().x) +
                               shift(static_cast<std::size_t>(ended[index] - lines_.lines.data()));
            svg_.line({end + 8, wanted[index]}, {frame_.x.high + 20, places[index]},
                      "leader " + slot_class(line.slot));
            svg_.text({frame_.x.high + 26, places[index] + 4}, Anchor::kStart,
                      fitted(line.name, kLetter, frame_.width - frame_.x.high - 26), "series");
        }
    }

    const Lines& lines_;
    Frame frame_;
    std::vector<double> ticks_;
    Scale x_;
    Scale y_;
    Svg svg_;
};

} // namespace

std::string lines_svg(const Lines& lines, Room room) {
    return lines.x_marks.empty() ? std::string{} : LinesPicture(lines, room).draw();
}

} // namespace ashlar::report::chart
