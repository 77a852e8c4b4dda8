// SPDX-License-Identifier: MIT
// The whole screen of the terminal that this program runs in, by ncurses. It is as it was when this ends.
#pragma once

#include "machine/interrupt.h"
#include "screen/canvas.h"

#include <chrono>
#include <optional>
#include <string>

namespace ashlar::screen {

enum class Key {
    kNone, // the time is over, or a signal came
    kCharacter,
    kUp,
    kDown,
    kLeft,
    kRight,
    kPageUp,
    kPageDown,
    kHome,
    kEnd,
    kEnter,
    kEscape,
    kBackspace,
    kResized,
    kHelp,
    kGone, // the terminal is no longer there
};
struct KeyPress {
    Key key = Key::kNone;
    char character = 0;
};

class Terminal {
  public:
    // Throws std::runtime_error, with a sentence, if there is no terminal that can be drawn on. A signal that
    // the interrupt holds back ends waiting and asking.
    explicit Terminal(const machine::Interrupt& interrupt);
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    std::size_t rows() const;
    std::size_t columns() const;
    void show(const Canvas& canvas);
    KeyPress wait(std::chrono::milliseconds time);
    // Asks for a line of text on the last row; nothing if it was left with Escape or interrupted.
    std::optional<std::string> ask(const std::string& question);

  private:
    KeyPress read_key();

    const machine::Interrupt& interrupt_;
    void* screen_; // ncurses's
    bool has_colours_ = false;
};

} // namespace ashlar::screen
