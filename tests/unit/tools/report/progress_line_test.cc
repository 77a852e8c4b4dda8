// SPDX-License-Identifier: MIT
#include "report/progress_line.h"

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <string>

using namespace ashlar::report;

namespace {

// Returns the text written to the file so far.
std::string text_of(std::FILE* file) {
    std::array<char, 1000> text{};
    std::rewind(file);
    const std::size_t size = std::fread(text.data(), 1, text.size(), file);
    return {text.data(), size};
}

} // namespace

TEST_CASE("progress: a file has a line every 30 seconds") {
    std::FILE* const file = std::tmpfile();
    REQUIRE(file != nullptr);
    std::chrono::seconds seconds{0};
    {
        ProgressLine line(file, [&] { return ProgressLine::Clock::time_point(seconds); });
        for (const int at : {0, 20, 29}) {
            seconds = std::chrono::seconds(at);
            line.show(at, 100, "first");
        }
        CHECK(text_of(file).empty());
        for (const int at : {30, 50, 59, 75}) {
            seconds = std::chrono::seconds(at);
            line.show(at, 100, "second");
        }
        line.clear();
    }
    CHECK(text_of(file) == "ashlar: 30 of 100 done; second; about 70 s left\n"
                           "ashlar: 75 of 100 done; second; about 25 s left\n");
    std::fclose(file);
}

TEST_CASE("progress: what is left as the caller knows it, and what is said at once") {
    std::FILE* const file = std::tmpfile();
    REQUIRE(file != nullptr);
    std::chrono::seconds seconds{0};
    ProgressLine line(file, [&] { return ProgressLine::Clock::time_point(seconds); });
    line.say("8 runs");
    seconds = std::chrono::seconds(30);
    line.show(1, 100, "third", 600);
    CHECK(text_of(file) == "8 runs\nashlar: 1 of 100 done; third; about 10 min left\n");
    std::fclose(file);
}

TEST_CASE("progress: a bar fills from the left and is full only at the end") {
    CHECK(progress_bar(0, 10, 10) == "[..........]   0 %");
    CHECK(progress_bar(1, 4, 8) == "[##......]  25 %");
    CHECK(progress_bar(999, 1000, 10) == "[#########.]  99 %");
    CHECK(progress_bar(10, 10, 10) == "[##########] 100 %");
    CHECK(progress_bar(0, 0, 4) == "[....]   0 %");
}

TEST_CASE("progress: times as people say them") {
    CHECK(duration_text(0) == "1 s");
    CHECK(duration_text(44.2) == "45 s");
    CHECK(duration_text(720) == "12 min");
    CHECK(duration_text(7800) == "2 h 10 min");
}
