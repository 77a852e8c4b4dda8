// SPDX-License-Identifier: MIT
#include "screen/terminal.h"

#include "machine/terminal.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <curses.h>
#include <poll.h>
#include <stdexcept>
#include <unistd.h>

namespace ashlar::screen {

namespace {

struct Look {
    attr_t attributes;
    short foreground; // -1: the terminal's default
    short background;
};
// indexed by Style
constexpr std::array<Look, 9> kLooks{
    Look{A_NORMAL, -1, -1},           Look{A_BOLD, -1, -1},           Look{A_DIM, -1, -1},
    Look{A_REVERSE, -1, -1},          Look{A_STANDOUT, -1, -1},       Look{A_NORMAL, COLOR_GREEN, -1},
    Look{A_NORMAL, COLOR_YELLOW, -1}, Look{A_NORMAL, COLOR_BLUE, -1}, Look{A_BOLD, COLOR_RED, -1},
};

attr_t look_of(Style style, bool has_colours) {
    const auto index = static_cast<std::size_t>(style);
    const attr_t colour = has_colours ? COLOR_PAIR(static_cast<int>(index) + 1) : A_NORMAL;
    return kLooks[index].attributes | colour;
}

KeyPress translate(int code) {
    constexpr int kEscapeCode = 27;
    constexpr int kDelete = 127;
    switch (code) {
    case ERR:
        return {};
    case KEY_UP:
        return {.key = Key::kUp};
    case KEY_DOWN:
        return {.key = Key::kDown};
    case KEY_LEFT:
        return {.key = Key::kLeft};
    case KEY_RIGHT:
        return {.key = Key::kRight};
    case KEY_PPAGE:
        return {.key = Key::kPageUp};
    case KEY_NPAGE:
        return {.key = Key::kPageDown};
    case KEY_HOME:
        return {.key = Key::kHome};
    case KEY_END:
        return {.key = Key::kEnd};
    case KEY_ENTER:
    case '\n':
    case '\r':
        return {.key = Key::kEnter};
    case KEY_BACKSPACE:
    case '\b':
    case kDelete:
        return {.key = Key::kBackspace};
    case kEscapeCode:
        return {.key = Key::kEscape};
    case KEY_RESIZE:
        return {.key = Key::kResized};
    case KEY_F(1):
        return {.key = Key::kHelp};
    case KEY_F(10):
        return {.key = Key::kCharacter, .character = 'q'};
    default:
        break;
    }
    constexpr int kFirstBeyondCharacters = 256;
    return code > 0 && code < kFirstBeyondCharacters
               ? KeyPress{.key = Key::kCharacter, .character = static_cast<char>(code)}
               : KeyPress{};
}

} // namespace

Terminal::Terminal(const machine::Interrupt& interrupt) : interrupt_(interrupt), screen_(nullptr) {
    if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
        throw std::runtime_error(
            "a live view needs a terminal; `ashlar stats PID` writes to files and pipes");
    }
    screen_ = newterm(nullptr, stdout, stdin);
    if (screen_ == nullptr) {
        throw std::runtime_error("the terminal cannot be drawn on: is TERM set to what it is?");
    }
    set_term(static_cast<SCREEN*>(screen_));
    cbreak();
    noecho();
    curs_set(0);
    keypad(stdscr, TRUE);
    constexpr int kEscapeDelay = 50; // milliseconds within which an arrow key's sequence is complete
    set_escdelay(kEscapeDelay);
    if (has_colors() && machine::shows_colour(stdout)) {
        has_colours_ = true;
        start_color();
        use_default_colors();
        for (std::size_t index = 0; index < kLooks.size(); ++index) {
            init_pair(static_cast<short>(index + 1), kLooks[index].foreground, kLooks[index].background);
        }
    }
}

Terminal::~Terminal() {
    endwin();
    delscreen(static_cast<SCREEN*>(screen_));
}

std::size_t Terminal::rows() const {
    return static_cast<std::size_t>(std::max(getmaxy(stdscr), 1));
}

std::size_t Terminal::columns() const {
    return static_cast<std::size_t>(std::max(getmaxx(stdscr), 1));
}

void Terminal::show(const Canvas& canvas) {
    erase();
    for (std::size_t row = 0; row < canvas.rows(); ++row) {
        for (std::size_t column = 0; column < canvas.columns(); ++column) {
            mvaddch(static_cast<int>(row), static_cast<int>(column),
                    static_cast<unsigned char>(canvas.text(row)[column]) |
                        look_of(canvas.style(row, column), has_colours_));
        }
    }
    refresh();
}

KeyPress Terminal::read_key() {
    timeout(0);
    return translate(getch());
}

// Asks ncurses before poll, because ncurses may have read keys ahead.
KeyPress Terminal::wait(std::chrono::milliseconds time) {
    const KeyPress ready = read_key();
    if (ready.key != Key::kNone) {
        return ready;
    }
    std::array<pollfd, 2> wait{pollfd{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                               pollfd{.fd = interrupt_.number(), .events = POLLIN, .revents = 0}};
    poll(wait.data(), wait.size(), static_cast<int>(time.count())); // fails when the terminal's size changes
    const KeyPress pressed = read_key();
    if (pressed.key == Key::kNone && (wait[0].revents & (POLLHUP | POLLERR)) != 0) {
        return {.key = Key::kGone};
    }
    return pressed;
}

std::optional<std::string> Terminal::ask(const std::string& question) {
    std::string answer;
    constexpr std::size_t kLongest = 40;
    for (;;) {
        Canvas line(1, columns());
        line.put_line(0, question + answer, Style::kHeading);
        for (std::size_t column = 0; column < columns(); ++column) {
            mvaddch(getmaxy(stdscr) - 1, static_cast<int>(column),
                    static_cast<unsigned char>(line.text(0)[column]) |
                        look_of(Style::kHeading, has_colours_));
        }
        refresh();
        constexpr std::chrono::hours kLong{1};
        const KeyPress pressed = wait(kLong);
        if (pressed.key == Key::kEnter) {
            return answer;
        }
        if (pressed.key == Key::kEscape || pressed.key == Key::kGone || interrupt_.requested()) {
            return std::nullopt;
        }
        if (pressed.key == Key::kBackspace && !answer.empty()) {
            answer.pop_back();
        } else if (pressed.key == Key::kCharacter && answer.size() < kLongest) {
            answer += pressed.character;
        }
    }
}

} // namespace ashlar::screen
