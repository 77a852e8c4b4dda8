// SPDX-License-Identifier: MIT
#include "screen/top_keys.h"

#include <algorithm>

namespace ashlar::screen {

namespace {

void move(TopState& state, std::ptrdiff_t lines) {
    if (state.alone) {
        state.first = static_cast<std::size_t>(
            std::max<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(state.first) + lines));
        return; // draw() knows the end and limits it
    }
    const auto last = static_cast<std::ptrdiff_t>(std::max<std::size_t>(state.processes.size(), 1) - 1);
    state.selected = static_cast<std::size_t>(
        std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(state.selected) + lines, 0, last));
    state.follows = state.selected != 0;
}

void open_selected(TopState& state) {
    if (!state.alone && state.selected < state.processes.size()) {
        state.alone = state.processes[state.selected].process;
        state.first = 0;
    }
}

void go_back(TopState& state) {
    if (state.alone && !state.is_only) {
        state.alone.reset();
        state.first = 0;
    }
}

void sort_by(TopState& state, ListOrder list, ClassOrder classes) {
    state.list_order = list;
    state.class_order = classes;
    state.reversed = false;
    sort_processes(state);
}

void sort_by_neighbour(TopState& state, int distance) {
    const int last = static_cast<int>(ListOrder::kName);
    state.list_order =
        static_cast<ListOrder>(std::clamp(static_cast<int>(state.list_order) + distance, 0, last));
    sort_processes(state);
}

Request press_character(TopState& state, char character) {
    switch (character) {
    case 'q':
    case 'Q':
        return Request::kQuit;
    case ' ':
        return Request::kLook;
    case 'd':
    case 's':
        return Request::kDelay;
    case 'h':
    case '?':
        state.shows_help = true;
        break;
    case 'M':
        sort_by(state, ListOrder::kRss, ClassOrder::kMemory);
        break;
    case 'P':
        sort_by(state, ListOrder::kRate, ClassOrder::kRate);
        break;
    case 'N':
        sort_by(state, ListOrder::kNumber, ClassOrder::kSize);
        break;
    case 'F':
        sort_by(state, ListOrder::kFree, ClassOrder::kFree);
        break;
    case 'L':
        sort_by(state, ListOrder::kLive, ClassOrder::kMemory);
        break;
    case 'R':
        state.reversed = !state.reversed;
        sort_processes(state);
        break;
    case '<':
        sort_by_neighbour(state, -1);
        break;
    case '>':
        sort_by_neighbour(state, 1);
        break;
    case 'k':
        move(state, -1);
        break;
    case 'j':
        move(state, 1);
        break;
    default:
        break;
    }
    return Request::kNothing;
}

} // namespace

Request press(TopState& state, KeyPress pressed, std::size_t rows) {
    state.message.clear();
    if (state.shows_help && pressed.key != Key::kNone && pressed.key != Key::kResized) {
        state.shows_help = false;
        return Request::kNothing;
    }
    const auto page = static_cast<std::ptrdiff_t>(std::max<std::size_t>(rows, 8) - 4);
    constexpr std::ptrdiff_t kFar = 1'000'000'000;
    switch (pressed.key) {
    case Key::kCharacter:
        return press_character(state, pressed.character);
    case Key::kHelp:
        state.shows_help = true;
        break;
    case Key::kUp:
        move(state, -1);
        break;
    case Key::kDown:
        move(state, 1);
        break;
    case Key::kPageUp:
        move(state, -page);
        break;
    case Key::kPageDown:
        move(state, page);
        break;
    case Key::kHome:
        move(state, -kFar);
        break;
    case Key::kEnd:
        move(state, kFar);
        break;
    case Key::kEnter:
    case Key::kRight:
        open_selected(state);
        break;
    case Key::kEscape:
    case Key::kLeft:
    case Key::kBackspace:
        go_back(state);
        break;
    case Key::kGone:
        return Request::kQuit;
    case Key::kNone:
    case Key::kResized:
        break;
    }
    return Request::kNothing;
}

} // namespace ashlar::screen
