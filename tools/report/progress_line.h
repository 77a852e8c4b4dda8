// SPDX-License-Identifier: MIT
// A progress display. A terminal shows a bar in one overwritten line. Other outputs get a line every 30 s.
#pragma once

#include <chrono>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>

namespace ashlar::report {

class ProgressLine {
  public:
    using Clock = std::chrono::steady_clock;

    explicit ProgressLine(std::FILE* stream = stderr, std::function<Clock::time_point()> now = Clock::now);
    ~ProgressLine() { clear(); }
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    // `seconds_left`: an estimate better than the mean of finished steps, if there is one.
    void show(int done, int total, const std::string& what, std::optional<double> seconds_left = {});
    // Prints a permanent line.
    void say(const std::string& sentence);
    void clear();

    bool is_on_terminal() const { return terminal_; }

  private:
    std::FILE* stream_;
    std::function<Clock::time_point()> now_;
    bool terminal_;
    Clock::time_point start_;
    Clock::time_point last_line_;
};

// Returns "[#####...............]  25 %".
std::string progress_bar(int done, int total, std::size_t width);

// Returns "45 s", "12 min" or "2 h 10 min".
std::string duration_text(double seconds);

} // namespace ashlar::report
