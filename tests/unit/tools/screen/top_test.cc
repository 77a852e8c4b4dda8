// SPDX-License-Identifier: MIT
#include "screen/top_keys.h"
#include "screen/top_state.h"
#include "screen/top_views.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace ashlar;
using namespace ashlar::screen;

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

Watched watched(pid_t process, std::uint64_t live, std::uint64_t free, std::uint64_t files,
                const char* name) {
    Watched each{.process = process, .now = {}, .rates = {}, .closed = {}, .threads = {}};
    each.now.status.name = name;
    each.now.ledger[observe::Part::kLive] = live * kMiB;
    each.now.ledger[observe::Part::kDirty] = free * kMiB;
    each.now.ledger[observe::Part::kFiles] = files * kMiB;
    each.now.ledger.rss = each.now.ledger.sum();
    each.history.push_back(point_of(each.now.ledger));
    return each;
}

TopState three() {
    TopState state;
    state.processes = {watched(10, 5, 1, 1, "small"), watched(20, 50, 1, 1, "large"),
                       watched(30, 10, 20, 1, "retains")};
    sort_processes(state);
    return state;
}

std::vector<pid_t> numbers(const TopState& state) {
    std::vector<pid_t> all;
    for (const Watched& each : state.processes) {
        all.push_back(each.process);
    }
    return all;
}

Request press_key(TopState& state, char character) {
    return press(state, {.key = Key::kCharacter, .character = character}, 24);
}

std::string whole(const Canvas& canvas) {
    std::string text;
    for (std::size_t row = 0; row < canvas.rows(); ++row) {
        text += canvas.text(row) + "\n";
    }
    return text;
}

} // namespace

TEST_CASE("a canvas keeps to its size and to what a terminal shows") {
    Canvas canvas(2, 5);
    canvas.put(0, 3, "abc", Style::kBold);
    canvas.put(1, 0, "a\x1b\xc3z");
    canvas.put(7, 0, "below");
    canvas.put(0, 9, "beside");
    CHECK(canvas.text(0) == "   ab");
    CHECK(canvas.text(1) == "a??z ");
    CHECK(canvas.style(0, 4) == Style::kBold);
    CHECK(canvas.style(0, 2) == Style::kPlain);
    canvas.put_line(1, "x", Style::kHeading);
    CHECK(canvas.text(1) == "x    ");
    CHECK(canvas.style(1, 4) == Style::kHeading);
}

TEST_CASE("keys sort the list, and the selection stays with its process") {
    TopState state = three();
    CHECK(numbers(state) == std::vector<pid_t>{20, 30, 10});
    press(state, {.key = Key::kDown}, 24);
    press_key(state, 'N');
    CHECK(numbers(state) == std::vector<pid_t>{10, 20, 30});
    CHECK(state.selected == 2);
    press_key(state, 'R');
    CHECK(numbers(state) == std::vector<pid_t>{30, 20, 10});
    CHECK(state.selected == 0);
    press_key(state, 'F');
    CHECK(numbers(state)[0] == 30);
    press_key(state, 'L');
    CHECK(numbers(state) == std::vector<pid_t>{20, 30, 10});
    press_key(state, '<');
    CHECK(state.list_order == ListOrder::kRss);
    for (int times = 0; times < 20; ++times) {
        press_key(state, '>');
    }
    CHECK(state.list_order == ListOrder::kName);
    CHECK(numbers(state) == std::vector<pid_t>{20, 30, 10});
    for (int times = 0; times < 20; ++times) {
        press_key(state, '<');
    }
    CHECK(state.list_order == ListOrder::kNumber);
}

TEST_CASE("a selection that was not moved stays on the first line") {
    TopState state = three();
    CHECK(state.selected == 0);
    press_key(state, 'N');
    CHECK(state.selected == 0);
    press(state, {.key = Key::kDown}, 24);
    press(state, {.key = Key::kHome}, 24);
    press_key(state, 'R');
    CHECK(state.selected == 0);
}

TEST_CASE("keys move, open, go back and ask") {
    TopState state = three();
    press(state, {.key = Key::kUp}, 24);
    CHECK(state.selected == 0);
    press(state, {.key = Key::kEnd}, 24);
    CHECK(state.selected == 2);
    press(state, {.key = Key::kPageDown}, 24);
    CHECK(state.selected == 2);
    press(state, {.key = Key::kEnter}, 24);
    CHECK(state.alone == 10);
    press(state, {.key = Key::kDown}, 24);
    CHECK(state.first == 1);
    press(state, {.key = Key::kHome}, 24);
    CHECK(state.first == 0);
    press(state, {.key = Key::kEscape}, 24);
    CHECK_FALSE(state.alone);
    CHECK(press_key(state, 'd') == Request::kDelay);
    CHECK(press_key(state, ' ') == Request::kLook);
    CHECK(press_key(state, '?') == Request::kNothing);
    CHECK(state.shows_help);
    CHECK(press_key(state, 'q') == Request::kNothing); // closes the help only
    CHECK_FALSE(state.shows_help);
    CHECK(press_key(state, 'q') == Request::kQuit);
    CHECK(press(state, {.key = Key::kGone}, 24) == Request::kQuit);
    state.is_only = true;
    state.alone = 10;
    press(state, {.key = Key::kEscape}, 24);
    CHECK(state.alone == 10);
    TopState empty;
    press(empty, {.key = Key::kDown}, 24);
    press(empty, {.key = Key::kEnter}, 24);
    CHECK_FALSE(empty.alone);
}

TEST_CASE("the list shows the parts, and what is closed as unknown") {
    TopState state = three();
    state.processes[2].closed = "yama";
    Canvas canvas(10, 110);
    draw(state, canvas);
    CHECK(canvas.text(0).starts_with("ashlar top: 3 processes on Ashlar, every 2 s"));
    CHECK(canvas.text(1).find("RSSv") != std::string::npos);
    CHECK(canvas.text(2).starts_with("     20   52.0 MiB   50.0 MiB    1.0 MiB    1.0 MiB"));
    CHECK(canvas.style(2, 0) == Style::kSelected);
    CHECK(canvas.text(4).find("?") != std::string::npos);
    CHECK(canvas.text(4).find("(closed: yama)") != std::string::npos);
}

TEST_CASE("a list that is longer than the screen is moved so that the selection is seen") {
    TopState state;
    for (pid_t process = 1; process <= 50; ++process) {
        state.processes.push_back(watched(process, 100 - static_cast<std::uint64_t>(process), 0, 0, "x"));
    }
    Canvas canvas(10, 80);
    state.selected = 49;
    draw(state, canvas);
    CHECK(canvas.text(8).find("     50") == 0);
    state.selected = 0;
    Canvas again(10, 80);
    draw(state, again);
    CHECK(again.text(2).find("      1") == 0);
}

TEST_CASE("a process alone is drawn with its history, classes and threads") {
    TopState state = three();
    state.alone = 30;
    Watched& line = state.processes[1];
    REQUIRE(line.process == 30);
    line.history.push_back({.live = 5 * kMiB, .rest_of_heap = 0, .outside = 0});
    line.now.heap.emplace();
    line.now.heap->classes = {
        {}, {.size = 64, .slabs = 3, .out = 100}, {.size = 80}, {.size = 96, .slabs = 1, .out = 7}};
    line.now.memory.emplace();
    line.now.memory->classes = {{}, {.blocks_present = 100}, {}, {.blocks_present = 9000}};
    line.threads = {{.number = 30, .name = "main", .processor = 0.5}};
    Canvas canvas(40, 100);
    draw(state, canvas);
    const std::string text = whole(canvas);
    CHECK(text.find("process 30 (retains): 31.0 MiB in memory") != std::string::npos);
    CHECK(text.find("free, dirty") != std::string::npos);
    CHECK(text.find("main              50.0 %") != std::string::npos);
    CHECK(text.find("     96 B          7") < text.find("     64 B        100")); // by memory
    CHECK(text.find("     80 B") == std::string::npos);                           // never used
    // The history's first point is full, and two thirds of it are free. The second has a sixth of its height.
    std::string column;
    std::string last;
    for (std::size_t row = 0; row < canvas.rows() - 1; ++row) {
        column += canvas.text(row)[98];
        last += canvas.text(row)[99];
    }
    CHECK(column.find("=====") != std::string::npos);
    CHECK(column.find("###") != std::string::npos);
    CHECK(last.find('#') != std::string::npos);
    CHECK(last.find('=') == std::string::npos);
    press_key(state, 'N');
    Canvas by_size(40, 100);
    draw(state, by_size);
    const std::string sorted = whole(by_size);
    CHECK(sorted.find("     64 B        100") < sorted.find("     96 B          7"));
}

TEST_CASE("the excess of huge pages does not stand with what is not the heap") {
    TopState state;
    state.processes = {watched(10, 5, 1, 1, "small")};
    state.processes.front().now.ledger[observe::Part::kHugeExcess] = 3 * kMiB;
    state.alone = 10;
    Canvas canvas(40, 100);
    draw(state, canvas);
    std::vector<std::size_t> places;
    for (std::size_t row = 0; row < canvas.rows(); ++row) {
        for (const char* const part : {"live ", "excess of huge pages", "files"}) {
            if (const auto place = canvas.text(row).find(part); place != std::string::npos) {
                places.push_back(place);
            }
        }
    }
    CHECK(std::count(places.begin(), places.end(), 0) >= 2); // live and excess
    CHECK(std::any_of(places.begin(), places.end(), [](std::size_t place) { return place > 0; }));
}

TEST_CASE("moving down goes through all classes, then through all threads") {
    TopState state = three();
    state.alone = 20;
    Watched& line = state.processes[0];
    line.now.heap.emplace();
    line.now.memory.emplace();
    line.now.heap->classes.push_back({});
    line.now.memory->classes.push_back({});
    for (std::uint64_t c = 1; c <= 40; ++c) {
        line.now.heap->classes.push_back({.size = 16 * c, .slabs = 1, .out = 1});
        line.now.memory->classes.push_back({});
    }
    for (pid_t number = 1000; number < 1030; ++number) {
        line.threads.push_back({.number = number, .name = "worker", .processor = 0});
    }
    press_key(state, 'N');
    const auto picture = [&] {
        Canvas canvas(24, 80);
        draw(state, canvas);
        return whole(canvas);
    };
    const std::string top = picture();
    CHECK(top.find("     16 B") != std::string::npos);
    CHECK(top.find("   1000  worker") != std::string::npos);
    CHECK(top.find("    640 B") == std::string::npos);
    std::string seen = top;
    for (int moves = 0; moves < 100; ++moves) {
        press(state, {.key = Key::kDown}, 24);
        seen += picture();
    }
    for (std::uint64_t c = 1; c <= 40; ++c) {
        CHECK(seen.find(fmt::format("{:>7} B", 16 * c)) != std::string::npos);
    }
    const std::string bottom = picture();
    CHECK(bottom.find("    640 B") != std::string::npos);
    CHECK(bottom.find("   1029  worker") != std::string::npos);
    press(state, {.key = Key::kHome}, 24);
    CHECK(picture() == top);
}

TEST_CASE("the help is whole on a usual screen and on a narrow one") {
    TopState state;
    state.shows_help = true;
    for (const auto& [rows, columns] : {std::pair<std::size_t, std::size_t>{24, 80}, {30, 40}}) {
        Canvas canvas(rows, columns);
        draw(state, canvas);
        CHECK(whole(canvas).find("by number, or size of class") != std::string::npos);
        CHECK(whole(canvas).find("into thread caches.") != std::string::npos);
        CHECK(canvas.text(rows - 1).starts_with("any key goes back"));
    }
}

TEST_CASE("nothing is drawn outside of a screen of any size") {
    TopState state = three();
    for (const bool alone : {false, true}) {
        for (const bool helps : {false, true}) {
            for (std::size_t rows = 1; rows < 30; rows += 3) {
                for (std::size_t columns = 1; columns < 130; columns += 9) {
                    state.alone = alone ? std::optional<pid_t>(20) : std::nullopt;
                    state.shows_help = helps;
                    Canvas canvas(rows, columns);
                    draw(state, canvas);
                    CHECK(canvas.text(rows - 1).size() == columns);
                }
            }
        }
    }
}

TEST_CASE("rates come from what flowed into caches between two readings") {
    observe::HeapReading before;
    before.classes = {{}, {.size = 64, .refills = 10, .flushes = 4, .batch = 8}};
    observe::HeapReading now = before;
    now.classes[1].refills = 30;
    now.classes[1].flushes = 5;
    const auto rates = observe::rates_between(before, now, 2);
    CHECK(rates.refills == 10);
    CHECK(rates.flushes == 0.5);
    CHECK(rates.bytes == 10 * 8 * 64);
    CHECK(observe::rates_between(now, before, 2).bytes == 0);
    CHECK(observe::rates_between(before, now, 0).bytes == 0);
    CHECK(observe::rates_between({}, now, 1).bytes == 0);
}
