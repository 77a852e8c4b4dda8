// SPDX-License-Identifier: MIT
// The whole screen of this program's terminal, by ncurses. The destructor restores it.
#pragma once

#include "machine/interrupt.h"
#include "screen/canvas.h"

#include <chrono>
#include <optional>
#include <string>

namespace ashlar::screen {

enum class Key {
    kNone, // timeout or signal
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
    kGone, // the terminal was closed
};
struct KeyPress {
    Key key = Key::kNone;
    char character = 0;
};

class Terminal {
  public:
    // Throws std::runtime_error with a sentence if no terminal can be drawn on. A signal that `interrupt`
    // holds back ends wait() and ask().
    explicit Terminal(const machine::Interrupt& interrupt);
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    std::size_t rows() const;
    std::size_t columns() const;
    void show(const Canvas& canvas);
    KeyPress wait(std::chrono::milliseconds time);
    // Asks for a line of text on the last row. Returns nothing after Escape or an interrupt.
    std::optional<std::string> ask(const std::string& question);

  private:
    KeyPress read_key();

    const machine::Interrupt& interrupt_;
    void* screen_; // ncurses's SCREEN
    bool has_colours_ = false;
};

} // namespace ashlar::screen
