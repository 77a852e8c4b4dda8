// SPDX-License-Identifier: MIT
#include "report/chart/svg.h"

#include "report/chart/markup.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <numbers>

namespace ashlar::report::chart {

namespace {

constexpr double kWidthOfLetter = 0.58; // mean width of a letter, as a multiple of its height

const char* anchor_name(Anchor anchor) {
    switch (anchor) {
    case Anchor::kMiddle:
        return "middle";
    case Anchor::kEnd:
        return "end";
    case Anchor::kStart:
        break;
    }
    return "start";
}

// Returns corners at equal angles. The first one points up, turned by `turn`. For a star, every second one is
// at `inner` times the radius.
std::string polygon(Point centre, double radius, int corners, double turn, double inner = 1) {
    std::string points;
    for (int corner = 0; corner < corners; ++corner) {
        const double angle = turn + 2 * std::numbers::pi * corner / corners - std::numbers::pi / 2;
        const double reach = corner % 2 == 1 ? radius * inner : radius;
        points += fmt::format("{}{},{}", corner == 0 ? "" : " ", number(centre.x + reach * std::cos(angle)),
                              number(centre.y + reach * std::sin(angle)));
    }
    return points;
}

// Returns a plus sign whose arms are a third of its width.
std::string cross(Point centre, double radius) {
    const double thin = radius / 3;
    constexpr std::array<std::array<int, 2>, 12> kCorners{{{-1, -3},
                                                           {1, -3},
                                                           {1, -1},
                                                           {3, -1},
                                                           {3, 1},
                                                           {1, 1},
                                                           {1, 3},
                                                           {-1, 3},
                                                           {-1, 1},
                                                           {-3, 1},
                                                           {-3, -1},
                                                           {-1, -1}}};
    std::string points;
    for (const auto& [x, y] : kCorners) {
        points += fmt::format("{}{},{}", points.empty() ? "" : " ", number(centre.x + x * thin),
                              number(centre.y + y * thin));
    }
    return points;
}

std::string dot_markup(Point centre, double radius, std::string_view classes) {
    return fmt::format(R"(<circle class="{}" cx="{}" cy="{}" r="{}"/>)", classes, number(centre.x),
                       number(centre.y), number(radius));
}

// Radii are chosen so that all shapes look equally large.
std::string mark_markup(Point centre, std::size_t slot, double radius) {
    const std::string classes = "mark " + slot_class(slot);
    const auto shape = [&](const std::string& points) {
        return fmt::format(R"(<polygon class="{}" points="{}"/>)", classes, points);
    };
    constexpr double kHalfTurn = std::numbers::pi;
    switch (slot == 0 ? 0 : 1 + (slot - 1) % (kSlots - 1)) {
    case 0:
        return dot_markup(centre, radius - 1, classes); // a ring, by the style of its class
    case 1:
        return dot_markup(centre, radius, classes);
    case 2:
        return shape(polygon(centre, radius * 1.25, 4, kHalfTurn / 4)); // square
    case 3:
        return shape(polygon(centre, radius * 1.3, 3, 0)); // triangle
    case 4:
        return shape(polygon(centre, radius * 1.3, 4, 0)); // diamond
    case 5:
        return shape(polygon(centre, radius * 1.3, 3, kHalfTurn)); // triangle, point down
    case 6:
        return shape(cross(centre, radius * 1.2));
    case 7:
        return shape(polygon(centre, radius * 1.4, 10, 0, 0.45)); // star
    default:
        return shape(polygon(centre, radius * 1.2, 6, 0)); // hexagon
    }
}

} // namespace

std::string mark_alone(std::size_t slot) {
    return mark_markup({8, 8}, slot, 5.5);
}

std::string slot_class(std::size_t slot) {
    return slot == 0 ? "c0" : fmt::format("c{}", 1 + (slot - 1) % (kSlots - 1));
}

Svg::Svg(double width, double height, std::string_view name, std::string_view classes) {
    body_ = fmt::format(
        R"(<svg class="{}" viewBox="0 0 {} {}" width="{}" height="{}" role="group" aria-label="{}">)",
        classes, number(width), number(height), number(width), number(height), escaped(name));
    body_ += '\n';
}

void Svg::line(Point from, Point to, std::string_view classes) {
    body_ += fmt::format(R"(<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>)", classes, number(from.x),
                         number(from.y), number(to.x), number(to.y));
}

void Svg::polyline(const std::string& points, std::string_view classes) {
    body_ += fmt::format(R"(<polyline class="{}" points="{}"/>)", classes, points);
}

void Svg::box(Point corner, double width, double height, std::string_view classes) {
    body_ += fmt::format(R"(<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>)", classes,
                         number(corner.x), number(corner.y), number(width), number(height));
}

void Svg::text(Point at, Anchor anchor, std::string_view words, std::string_view classes) {
    body_ += fmt::format(R"(<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>)", classes,
                         number(at.x), number(at.y), anchor_name(anchor), escaped(words));
}

void Svg::dot(Point centre, double radius, std::string_view classes) {
    body_ += dot_markup(centre, radius, classes);
}

void Svg::mark(Point centre, std::size_t slot, double radius) {
    body_ += mark_markup(centre, slot, radius);
}

void Svg::open_point(std::string_view description, std::string_view classes) {
    // Browsers show the title under the mouse. It is also the group's accessible name, like aria-label.
    body_ += fmt::format(R"(<g class="point {}" tabindex="0" role="img"><title>{}</title>)", classes,
                         escaped(description));
}

void Svg::open_group(std::string_view classes) {
    body_ += fmt::format(R"(<g class="{}">)", classes);
}

void Svg::close() {
    body_ += "</g>\n";
}

std::string Svg::finish() {
    body_ += "</svg>\n";
    return std::move(body_);
}

double text_width(std::string_view words, double size) {
    const auto letters = std::count_if(words.begin(), words.end(), [](char each) {
        return (static_cast<unsigned char>(each) & 0xC0) != 0x80; // counts each UTF-8 character once
    });
    return static_cast<double>(letters) * size * kWidthOfLetter;
}

std::vector<std::string> lines_of(std::string_view words, double size, double width) {
    const auto is_continuation = [](char each) { return (static_cast<unsigned char>(each) & 0xC0) == 0x80; };
    std::vector<std::string> lines;
    while (text_width(words, size) > width) {
        std::size_t end = words.size();
        while (end > 1 &&
               (is_continuation(words[end - 1]) || text_width(words.substr(0, end), size) > width)) {
            --end;
        }
        while (end < words.size() && is_continuation(words[end])) {
            ++end;
        }
        const std::size_t blank = words.substr(0, end + 1).rfind(' ');
        const bool between_words = blank != std::string_view::npos && blank > 0 && end < words.size();
        lines.emplace_back(words.substr(0, between_words ? blank : end));
        words.remove_prefix(between_words ? blank + 1 : end);
    }
    if (!words.empty() || lines.empty()) {
        lines.emplace_back(words);
    }
    return lines;
}

std::string fitted(std::string_view words, double size, double width) {
    if (text_width(words, size) <= width) {
        return std::string(words);
    }
    const auto is_continuation = [](char each) { return (static_cast<unsigned char>(each) & 0xC0) == 0x80; };
    std::size_t end = 0;
    while (end < words.size() && text_width(words.substr(0, end + 1), size) + size <= width) {
        ++end;
    }
    while (end > 0 && end < words.size() && is_continuation(words[end])) {
        --end;
    }
    return std::string(words.substr(0, end)) + "…";
}

} // namespace ashlar::report::chart
