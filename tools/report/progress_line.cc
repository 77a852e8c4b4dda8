// SPDX-License-Identifier: MIT
#include "report/progress_line.h"

#include "machine/terminal.h"

#include <cstdio>
#include <fmt/format.h>

namespace ashlar::report {

ProgressLine::ProgressLine()
    : terminal_(machine::is_terminal(stderr)), start_(std::chrono::steady_clock::now()) {}

void ProgressLine::show(int done, int total, const std::string& what) {
    if (!terminal_) {
        return;
    }
    std::string line = fmt::format("{:3} %  {}", total > 0 ? done * 100 / total : 0, what);
    if (done > 0) {
        const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start_;
        const int left = static_cast<int>(spent.count() / done * (total - done));
        line += fmt::format("  about {}:{:02} left", left / 60, left % 60);
    }
    line.resize(std::min(line.size(), static_cast<std::size_t>(machine::columns(stderr) - 1)));
    fmt::print(stderr, "\r\033[K{}", line);
    std::fflush(stderr);
}

void ProgressLine::clear() {
    if (terminal_) {
        fmt::print(stderr, "\r\033[K");
        std::fflush(stderr);
    }
}

} // namespace ashlar::report
