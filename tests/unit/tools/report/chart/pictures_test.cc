// SPDX-License-Identifier: MIT
#include "report/chart/axis.h"
#include "report/chart/forest.h"
#include "report/chart/lines.h"
#include "report/chart/multiples.h"
#include "report/chart/scatter.h"
#include "report/chart/svg.h"

#include <catch2/catch.hpp>
#include <limits>
#include <regex>
#include <set>

using namespace ashlar::report::chart;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++found;
    }
    return found;
}

// Returns the values of an attribute for all elements of a class, in order.
std::vector<double> attribute(const std::string& svg, const std::string& classes, const std::string& name) {
    std::vector<double> values;
    const std::regex element("class=\"[^\"]*" + classes + "[^>]* " + name + "=\"([-0-9.]+)\"");
    for (std::sregex_iterator match(svg.begin(), svg.end(), element); match != std::sregex_iterator();
         ++match) {
        values.push_back(std::stod((*match)[1]));
    }
    return values;
}

ForestMark mark(const std::string& name, std::size_t slot, double median, Range interval) {
    return {.name = name,
            .slot = slot,
            .median = median,
            .interval = interval,
            .figure = "",
            .interval_text = "",
            .description = name + " described",
            .rounds = {median}};
}

Forest small_forest() {
    return {.name = "a forest",
            .lower = "worse",
            .higher = "better",
            .rows = {{.name = "row <1>",
                      .note = "noisy",
                      .control = Range{0.9, 1.1},
                      .marks = {mark("first", 1, 0.5, {0.4, 0.6}), mark("second", 2, 2, {1.5, 3})},
                      .without = "third failed"}}};
}

} // namespace

TEST_CASE("axis: words below marks have room") {
    const auto [low, high] =
        GENERATE(table<double, double>({{0.97, 1.02}, {0.9, 5.5}, {0.3, 2}, {0.01, 90}}));
    const Range pixels{100, 280};
    const RatioAxis axis = ratio_axis({low, high}, 9, pixels, 13);
    const Scale scale = axis.scale(pixels);
    REQUIRE(axis.ticks.size() >= 2);
    for (std::size_t index = 1; index < axis.ticks.size(); ++index) {
        const double width = text_width(tick_text(axis.ticks[index]) + "×", 13);
        CHECK(scale.place(axis.ticks[index]) - scale.place(axis.ticks[index - 1]) > width / 2);
    }
}

TEST_CASE("forest: a mark, a whisker and a description for each, in place and order") {
    const std::string svg = forest_svg(small_forest(), Room::kWide);
    CHECK(count(svg, "tabindex=\"0\"") == 2);
    CHECK(svg.find("<title>first described</title>") != std::string::npos);
    CHECK(svg.find("row &lt;1&gt;") != std::string::npos);
    CHECK(svg.find("third failed") != std::string::npos);
    const auto left = attribute(svg, "whisker", "x1");
    const auto right = attribute(svg, "whisker", "x2");
    REQUIRE(left.size() == 2);
    CHECK(left[0] < right[0]);
    CHECK(right[0] < left[1]);
    CHECK(attribute(svg, "noise", "x").size() == 1);
}

TEST_CASE("forest: without an interval there is no whisker, and no whole picture without bounds") {
    Forest forest = small_forest();
    const double infinite = std::numeric_limits<double>::infinity();
    forest.rows[0].marks[0].interval = {-infinite, infinite};
    const std::string svg = forest_svg(forest, Room::kNarrow);
    CHECK(attribute(svg, "whisker", "x1").size() == 1);
    CHECK(svg.find("inf") == std::string::npos);
    CHECK(svg.find("nan") == std::string::npos);
}

TEST_CASE("forest: a round beyond the axis is an arrow at its end") {
    Forest forest = small_forest();
    forest.rows[0].marks[1].rounds = {2, 500};
    const std::string svg = forest_svg(forest, Room::kWide);
    CHECK(count(svg, "class=\"round\"") == 2); // one of each mark
    CHECK(count(svg, "›") == 1);
}

TEST_CASE("forest: nothing is drawn outside the picture") {
    for (const Room room : {Room::kWide, Room::kNarrow}) {
        const std::string svg = forest_svg(small_forest(), room);
        std::smatch box;
        REQUIRE(std::regex_search(svg, box, std::regex("viewBox=\"0 0 ([0-9.]+) ([0-9.]+)\"")));
        for (const char* const name : {"x", "x1", "x2", "cx"}) {
            for (const double value : attribute(svg, "", name)) {
                CHECK(value >= 0);
                CHECK(value <= std::stod(box[1]));
            }
        }
    }
}

TEST_CASE("lines: names at the ends of lines do not overlap") {
    Lines lines{.name = "lines",
                .x_title = "x",
                .y_title = "y",
                .x_marks = {{0, "1"}, {1, "2"}},
                .lines = {},
                .shaded_from = 1,
                .shaded_words = "more"};
    for (std::size_t slot = 0; slot < 6; ++slot) {
        lines.lines.push_back(
            {.name = "series " + std::to_string(slot),
             .slot = slot,
             .points = {{.x = 0, .y = 1, .interval = {1, 1}, .description = "", .rounds = {}},
                        {.x = 1, .y = 5, .interval = {5, 5}, .description = "", .rounds = {}}}});
    }
    const std::string svg = lines_svg(lines, Room::kWide);
    std::vector<double> heights = attribute(svg, "series", "y");
    REQUIRE(heights.size() == 6);
    std::sort(heights.begin(), heights.end());
    for (std::size_t index = 1; index < heights.size(); ++index) {
        CHECK(heights[index] - heights[index - 1] >= 14.9);
    }
    CHECK(count(svg, "class=\"shade\"") == 1);
    CHECK(attribute(lines_svg(lines, Room::kNarrow), "series", "y").empty());
}

TEST_CASE("lines: no axis, no picture") {
    CHECK(lines_svg({}, Room::kWide).empty());
}

TEST_CASE("scatter: names of marks at one place stand apart") {
    Scatter scatter{.name = "scatter", .x_title = "x", .y_title = "y", .best_corner = "best", .marks = {}};
    for (std::size_t slot = 0; slot < 4; ++slot) {
        scatter.marks.push_back(
            {.name = "name", .slot = slot, .x = 1.2, .y = 1.1, .description = "d", .parts = {{1.2, 1.1}}});
    }
    const std::string svg = scatter_svg(scatter, Room::kWide);
    const auto x = attribute(svg, "series", "x");
    const auto y = attribute(svg, "series", "y");
    REQUIRE(x.size() == 4);
    for (std::size_t one = 0; one < 4; ++one) {
        for (std::size_t other = one + 1; other < 4; ++other) {
            CHECK((std::abs(x[one] - x[other]) > 20 || std::abs(y[one] - y[other]) > 12));
        }
    }
    CHECK(count(svg, "class=\"round\"") == 4);
}

TEST_CASE("svg: every slot has a shape and a colour of its own") {
    std::set<std::string> shapes;
    std::set<std::string> colours;
    for (std::size_t slot = 0; slot < kSlots; ++slot) {
        shapes.insert(mark_alone(slot));
        colours.insert(slot_class(slot));
    }
    CHECK(shapes.size() == kSlots);
    CHECK(colours.size() == kSlots);
    CHECK(slot_class(kSlots) == slot_class(1)); // only the reference has its class
}

TEST_CASE("svg: words are cut to the room that there is, between letters") {
    CHECK(fitted("short", 10, 100) == "short");
    const std::string cut = fitted("größer als der Platz", 10, 40);
    CHECK(cut.ends_with("…"));
    CHECK(text_width(cut, 10) <= 40);
    CHECK(fitted("ßßßßßßßßßß", 10, 30).find("\xC3…") == std::string::npos);
}

TEST_CASE("scatter: intervals are drawn where there are some, and stay within the picture") {
    const double infinite = std::numeric_limits<double>::infinity();
    const Scatter scatter{.name = "scatter",
                          .x_title = "x",
                          .y_title = "y",
                          .best_corner = "best",
                          .marks = {{.name = "known",
                                     .slot = 1,
                                     .x = 2,
                                     .y = 1,
                                     .x_interval = {1.5, 4},
                                     .y_interval = {0.5, 1.2},
                                     .description = "known",
                                     .parts = {}},
                                    {.name = "not",
                                     .slot = 2,
                                     .x = 1.2,
                                     .y = 1.1,
                                     .x_interval = {-infinite, infinite},
                                     .y_interval = {-infinite, infinite},
                                     .description = "not",
                                     .parts = {}}}};
    const std::string svg = scatter_svg(scatter, Room::kWide);
    const auto left = attribute(svg, "whisker", "x1");
    const auto right = attribute(svg, "whisker", "x2");
    REQUIRE(left.size() == 2);
    CHECK(left[0] < right[0]);
    CHECK(right[0] <= 880);
    CHECK(svg.find("inf") == std::string::npos);
}

TEST_CASE("multiples: a panel for each line on one scale, and the first behind the others") {
    Lines lines{.name = "lines",
                .x_title = "seconds",
                .y_title = "MiB",
                .x_marks = {{0, "0"}, {2, "2"}},
                .lines = {},
                .shaded_from = std::nullopt,
                .shaded_words = {}};
    for (std::size_t slot = 0; slot < 5; ++slot) {
        lines.lines.push_back(
            {.name = "line " + std::to_string(slot),
             .slot = slot,
             .points = {{.x = 0, .y = 1, .interval = {0, 0}, .description = {}, .rounds = {}},
                        {.x = 2, .y = 3, .interval = {0, 0}, .description = {}, .rounds = {}}},
             .marks = false,
             .description = "described"});
    }
    for (const Room room : {Room::kWide, Room::kNarrow}) {
        const std::string svg = multiples_svg(lines, room);
        CHECK(count(svg, "tabindex=\"0\"") == 5);
        CHECK(count(svg, "<polyline class=\"path faint c0\"") == 4);
        CHECK(count(svg, ">line 4</text>") == 1);
        CHECK(count(svg, "nan") == 0);
    }
    lines.lines.clear();
    CHECK(multiples_svg(lines, Room::kWide).empty());
}

TEST_CASE("forest: a long name takes several lines and is not cut") {
    Forest forest = small_forest();
    forest.rows[0].name =
        "a name that is so long that it does not fit beside its note on the screen of a telephone";
    const std::string svg = forest_svg(forest, Room::kNarrow);
    CHECK(count(svg, "class=\"row-name\"") >= 2);
    CHECK(svg.find("…") == std::string::npos);
    CHECK(svg.find("telephone</text>") != std::string::npos);
}

TEST_CASE("lines of text: between words, and in words that are too long") {
    const double letter = text_width("x", 10);
    CHECK(lines_of("one two three", 10, 7 * letter) == std::vector<std::string>{"one two", "three"});
    CHECK(lines_of("abcdefgh", 10, 3 * letter) == std::vector<std::string>{"abc", "def", "gh"});
    CHECK(lines_of("", 10, 100) == std::vector<std::string>{""});
    CHECK(lines_of("ééé é", 10, 3 * letter) == std::vector<std::string>{"ééé", "é"});
}
