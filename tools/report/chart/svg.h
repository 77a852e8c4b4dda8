// SPDX-License-Identifier: MIT
// Draws static SVG. Colours are left to the page's style sheet, which knows light from dark: an element has
// classes only. A series, an allocator that is, has a slot everywhere: its colour (class c0, c1, ...) and the
// shape of its marks, so that neither has to be told apart alone.
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

// Slot 0 is the reference's. Shapes and colours start anew after these.
inline constexpr std::size_t kSlots = 9;

// "c3", the class of everything that belongs to a series.
std::string slot_class(std::size_t slot);

class Svg {
  public:
    // `name` is what a screen reader calls the picture; `classes` go to the element.
    Svg(double width, double height, std::string_view name, std::string_view classes);

    void line(Point from, Point to, std::string_view classes);
    void polyline(const std::string& points, std::string_view classes); // "x,y x,y"
    void box(Point corner, double width, double height, std::string_view classes);
    void text(Point at, Anchor anchor, std::string_view words, std::string_view classes);
    void dot(Point centre, double radius, std::string_view classes);
    void mark(Point centre, std::size_t slot, double radius = 5);

    // What can be reached with the keyboard, and says `description` there and under the mouse.
    void open_point(std::string_view description, std::string_view classes);
    void open_group(std::string_view classes);
    void close();

    std::string finish();

  private:
    std::string body_;
};

// The mark of a slot in the middle of 16 by 16 pixels, for a legend.
std::string mark_alone(std::size_t slot);

// Of ordinary letters at `size` pixels: a bound to lay out by, for no font is known here.
double text_width(std::string_view words, double size);

// The words in lines of this width, broken between words, and within those that are longer.
std::vector<std::string> lines_of(std::string_view words, double size, double width);

// The words, or as many of their first letters as `width` has room for and an ellipsis.
std::string fitted(std::string_view words, double size, double width);

} // namespace ashlar::report::chart
