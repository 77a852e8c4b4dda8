// SPDX-License-Identifier: MIT
#include "report/progress_line.h"

#include "machine/terminal.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fmt/format.h>
#include <utility>

namespace ashlar::report {

namespace {

constexpr std::chrono::seconds kBetweenLines{30};

} // namespace

std::string progress_bar(int done, int total, std::size_t width) {
    const double share = total > 0 ? std::clamp(static_cast<double>(done) / total, 0.0, 1.0) : 0;
    const auto full = static_cast<std::size_t>(share * static_cast<double>(width));
    return fmt::format("[{}{}] {:3.0f} %", std::string(full, '#'), std::string(width - full, '.'),
                       std::floor(share * 100));
}

std::string duration_text(double seconds) {
    constexpr double kMinute = 60;
    constexpr double kManySeconds = 90;
    constexpr int kHour = 60; // minutes
    if (seconds < kManySeconds) {
        return fmt::format("{:.0f} s", std::max(1.0, std::ceil(seconds)));
    }
    const int minutes = static_cast<int>(std::lround(seconds / kMinute));
    if (minutes < 2 * kHour) {
        return fmt::format("{} min", minutes);
    }
    return fmt::format("{} h {} min", minutes / kHour, minutes % kHour);
}

ProgressLine::ProgressLine(std::FILE* stream, std::function<Clock::time_point()> now)
    : stream_(stream), now_(std::move(now)), terminal_(machine::is_terminal(stream)), start_(now_()),
      last_line_(start_) {}

void ProgressLine::show(int done, int total, const std::string& what, std::optional<double> seconds_left) {
    const Clock::time_point now = now_();
    if (!seconds_left && done > 0) {
        const std::chrono::duration<double> spent = now - start_;
        seconds_left = spent.count() / done * (total - done);
    }
    const std::string left =
        seconds_left ? fmt::format("about {} left", duration_text(*seconds_left)) : std::string();
    if (!terminal_) {
        if (now - last_line_ >= kBetweenLines) {
            last_line_ = now;
            fmt::print(stream_, "ashlar: {} of {} done; {}{}{}\n", done, total, what,
                       left.empty() ? "" : "; ", left);
            std::fflush(stream_);
        }
        return;
    }
    const auto columns = static_cast<std::size_t>(machine::columns(stream_));
    constexpr std::size_t kWide = 80;
    std::string line = fmt::format("{}  {}{}{}", progress_bar(done, total, columns >= kWide ? 20 : 10), left,
                                   left.empty() ? "" : "  ", what);
    line.resize(std::min(line.size(), columns - 1));
    fmt::print(stream_, "\r\033[K{}", line);
    std::fflush(stream_);
}

void ProgressLine::say(const std::string& sentence) {
    clear();
    machine::tell(stream_, "{}\n", sentence);
    std::fflush(stream_);
}

void ProgressLine::clear() {
    if (terminal_) {
        fmt::print(stream_, "\r\033[K");
        std::fflush(stream_);
    }
}

} // namespace ashlar::report
