// SPDX-License-Identifier: MIT
// Draws static SVG. Elements have classes only: the page's style sheet sets colours for light and dark. A
// series (an allocator) has a slot, with a colour (class c0, c1, ...) and a shape of marks. Either alone
// identifies the series.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ashlar::report::chart {

struct Point {
    double x;
    double y;
};

enum class Anchor { kStart, kMiddle, kEnd };

// Slot 0 is the reference. Shapes and colours repeat after these slots.
inline constexpr std::size_t kSlots = 9;

// Returns "c3", the class of all elements of a series.
std::string slot_class(std::size_t slot);

class Svg {
  public:
    // `name` is the picture's name for screen readers. `classes` are the element's.
    Svg(double width, double height, std::string_view name, std::string_view classes);

    void line(Point from, Point to, std::string_view classes);
    void polyline(const std::string& points, std::string_view classes); // "x,y x,y"
    void box(Point corner, double width, double height, std::string_view classes);
    void text(Point at, Anchor anchor, std::string_view words, std::string_view classes);
    void dot(Point centre, double radius, std::string_view classes);
    void mark(Point centre, std::size_t slot, double radius = 5);

    // Begins a group that the keyboard can reach. It shows `description` there and under the mouse.
    void open_point(std::string_view description, std::string_view classes);
    void open_group(std::string_view classes);
    void close();

    std::string finish();

  private:
    std::string body_;
};

// Returns the mark of a slot in the middle of 16 by 16 pixels, for a legend.
std::string mark_alone(std::size_t slot);

// Returns a bound of the width of text at `size` pixels. The font is unknown.
double text_width(std::string_view words, double size);

// Breaks text into lines of at most `width`, between words, and within longer words.
std::vector<std::string> lines_of(std::string_view words, double size, double width);

// Returns the text, or as many of its first letters as fit in `width` with an ellipsis.
std::string fitted(std::string_view words, double size, double width);

} // namespace ashlar::report::chart
