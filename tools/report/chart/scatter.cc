// SPDX-License-Identifier: MIT
#include "report/chart/scatter.h"

#include "report/chart/axis.h"
#include "report/chart/svg.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ashlar::report::chart {

namespace {

constexpr double kLetter = 13;
constexpr double kRadius = 7;
constexpr double kTallEnough = 1e4; // labels of a vertical axis are above each other and need no width

struct Frame {
    double width;
    double height;
    Range x;
    Range y; // the bottom first
    int ticks;
};

Frame frame_of(Room room) {
    if (room == Room::kWide) {
        return {.width = 900,
                .height = 440,
                .x = {.low = 64, .high = 880},
                .y = {.low = 386, .high = 48},
                .ticks = 9};
    }
    return {.width = 340,
            .height = 340,
            .x = {.low = 54, .high = 322},
            .y = {.low = 286, .high = 48},
            .ticks = 5};
}

bool is_known(Range interval) {
    return std::isfinite(interval.low) && std::isfinite(interval.high);
}

// Returns the marks' range with a margin, so that no mark is on the frame.
Range range_of(const std::vector<ScatterMark>& marks, double ScatterMark::*axis,
               Range ScatterMark::*interval) {
    constexpr double kMargin = 1.06;
    Range range{.low = 1, .high = 1};
    for (const ScatterMark& mark : marks) {
        range.low = std::min(range.low, mark.*axis / kMargin);
        range.high = std::max(range.high, mark.*axis * kMargin);
        if (is_known(mark.*interval)) {
            range.low = std::min(range.low, (mark.*interval).low);
            range.high = std::max(range.high, (mark.*interval).high);
        }
    }
    return range;
}

struct Box {
    Point corner;
    double width;
    double height;

    bool touches(const Box& other) const {
        return corner.x < other.corner.x + other.width && other.corner.x < corner.x + width &&
               corner.y < other.corner.y + other.height && other.corner.y < corner.y + height;
    }
};

class ScatterPicture {
  public:
    ScatterPicture(const Scatter& scatter, Room room)
        : scatter_(scatter), frame_(frame_of(room)),
          x_axis_(ratio_axis(range_of(scatter.marks, &ScatterMark::x, &ScatterMark::x_interval), frame_.ticks,
                             frame_.x, kLetter)),
          y_axis_(ratio_axis(range_of(scatter.marks, &ScatterMark::y, &ScatterMark::y_interval), 8,
                             {.low = 0, .high = kTallEnough}, kLetter)),
          x_(x_axis_.scale(frame_.x)), y_(y_axis_.scale(frame_.y)), wide_(room == Room::kWide),
          svg_(frame_.width, frame_.height, scatter.name, wide_ ? "wide" : "narrow") {}

    std::string draw() {
        draw_axes();
        draw_parts();
        for (const ScatterMark& mark : scatter_.marks) {
            const Point at = place(mark);
            taken_.push_back(
                {.corner = {at.x - kRadius, at.y - kRadius}, .width = 2 * kRadius, .height = 2 * kRadius});
        }
        for (const ScatterMark& mark : scatter_.marks) {
            draw_mark(mark);
        }
        return svg_.finish();
    }

  private:
    Point place(const ScatterMark& mark) const { return {x_.place(mark.x), y_.place(mark.y)}; }

    void draw_axes() {
        svg_.box({frame_.x.low, frame_.y.high}, frame_.x.high - frame_.x.low, frame_.y.low - frame_.y.high,
                 "frame");
        for (const double tick : x_axis_.ticks) {
            const double x = x_.place(tick);
            svg_.line({x, frame_.y.high}, {x, frame_.y.low}, tick == 1 ? "one" : "grid");
            svg_.text({x, frame_.y.low + 20}, Anchor::kMiddle, tick_text(tick) + "×",
                      tick == 1 ? "tick strong" : "tick");
        }
        for (const double tick : y_axis_.ticks) {
            const double y = y_.place(tick);
            svg_.line({frame_.x.low, y}, {frame_.x.high, y}, tick == 1 ? "one" : "grid");
            svg_.text({frame_.x.low - 8, y + 4}, Anchor::kEnd, tick_text(tick) + "×",
                      tick == 1 ? "tick strong" : "tick");
        }
        svg_.text({(frame_.x.low + frame_.x.high) / 2, frame_.height - 10}, Anchor::kMiddle, scatter_.x_title,
                  "axis");
        svg_.text({0, 12}, Anchor::kStart, scatter_.y_title, "axis");
        svg_.text({frame_.x.high - 10, frame_.y.low - 12}, Anchor::kEnd, scatter_.best_corner, "direction");
        taken_.push_back(
            {.corner = {frame_.x.high - 10 - text_width(scatter_.best_corner, kLetter), frame_.y.low - 28},
             .width = text_width(scatter_.best_corner, kLetter),
             .height = 22});
    }

    void draw_parts() {
        for (const ScatterMark& mark : scatter_.marks) {
            svg_.open_group("raw " + slot_class(mark.slot));
            for (const auto& [x, y] : mark.parts) {
                if (x_.holds(x) && y_.holds(y)) {
                    svg_.dot({x_.place(x), y_.place(y)}, 3, "round");
                }
            }
            svg_.close();
        }
    }

    void draw_mark(const ScatterMark& mark) {
        const Point at = place(mark);
        svg_.open_point(mark.description, slot_class(mark.slot));
        const std::string whisker = "whisker faint " + slot_class(mark.slot);
        if (is_known(mark.x_interval)) {
            svg_.line({x_.place(mark.x_interval.low), at.y}, {x_.place(mark.x_interval.high), at.y}, whisker);
        }
        if (is_known(mark.y_interval)) {
            svg_.line({at.x, y_.place(mark.y_interval.low)}, {at.x, y_.place(mark.y_interval.high)}, whisker);
        }
        svg_.mark(at, mark.slot, kRadius);
        draw_name(mark, at);
        if (wide_) {
            svg_.text({frame_.x.low, 32}, Anchor::kStart, mark.description, "readout");
        }
        svg_.close();
    }

    // Draws the name right of the mark if that place is free, else left, above, below, or further out.
    // Without a free place, draws it right.
    void draw_name(const ScatterMark& mark, Point at) {
        const double width = text_width(mark.name, kLetter);
        constexpr double kHeight = 16;
        constexpr double kGap = kRadius + 4;
        const std::array<Point, 8> corners{{{at.x + kGap, at.y - kHeight / 2},
                                            {at.x - kGap - width, at.y - kHeight / 2},
                                            {at.x - width / 2, at.y - kGap - kHeight},
                                            {at.x - width / 2, at.y + kGap},
                                            {at.x + kGap, at.y - kGap - kHeight},
                                            {at.x + kGap, at.y + kGap},
                                            {at.x - kGap - width, at.y - kGap - kHeight},
                                            {at.x - kGap - width, at.y + kGap}}};
        Box chosen{.corner = corners.front(), .width = width, .height = kHeight};
        for (const Point& corner : corners) {
            const Box box{.corner = corner, .width = width, .height = kHeight};
            if (is_free(box)) {
                chosen = box;
                break;
            }
        }
        taken_.push_back(chosen);
        svg_.text({chosen.corner.x, chosen.corner.y + 12}, Anchor::kStart, mark.name, "series");
    }

    bool is_free(const Box& box) const {
        const bool inside = box.corner.x >= frame_.x.low && box.corner.x + box.width <= frame_.x.high &&
                            box.corner.y >= frame_.y.high && box.corner.y + box.height <= frame_.y.low;
        return inside && std::none_of(taken_.begin(), taken_.end(),
                                      [&](const Box& other) { return box.touches(other); });
    }

    const Scatter& scatter_;
    Frame frame_;
    RatioAxis x_axis_;
    RatioAxis y_axis_;
    Scale x_;
    Scale y_;
    bool wide_;
    std::vector<Box> taken_;
    Svg svg_;
};

} // namespace

std::string scatter_svg(const Scatter& scatter, Room room) {
    return scatter.marks.empty() ? std::string{} : ScatterPicture(scatter, room).draw();
}

} // namespace ashlar::report::chart
