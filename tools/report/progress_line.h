// SPDX-License-Identifier: MIT
// What is going on. A terminal has a bar in one line that is written over and over, anything else a line
// every 30 seconds.
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

    // `seconds_left`: if it is known better than by the mean of what is done.
    void show(int done, int total, const std::string& what, std::optional<double> seconds_left = {});
    // A line that stays.
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

// "[#####...............]  25 %"
std::string progress_bar(int done, int total, std::size_t width);

// "45 s", "12 min", "2 h 10 min"
std::string duration_text(double seconds);

} // namespace ashlar::report
