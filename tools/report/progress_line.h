// SPDX-License-Identifier: MIT
// What is going on, in one line of a terminal that is written over and over. Nothing is written elsewhere.
#pragma once

#include <chrono>
#include <string>

namespace ashlar::report {

class ProgressLine {
  public:
    ProgressLine();
    ~ProgressLine() { clear(); }
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    void show(int done, int total, const std::string& what);
    void clear();

  private:
    bool terminal_;
    std::chrono::steady_clock::time_point start_;
};

} // namespace ashlar::report
