// SPDX-License-Identifier: MIT
//
// Limits requests that the kernel would refuse. Near a limit it refuses the heap memory, and the fallback
// serves. Each block would make the heap ask again: a program that filled 700 MiB with blocks of 48 bytes
// made 28 million system calls. So one request is left out after the first refusal, and twice as many after
// each further one. A granted request, or room that the heap makes itself, ends that. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>

namespace ashlar::layout {

class RefusedRequests {
  public:
    static constexpr std::size_t kMostLeftOut = 255; // requests in a row

    bool leaves_out() const { return left_ != 0; }
    // Returns the same, and counts the request as left out.
    bool leave_out() {
        if (left_ == 0) return false;
        --left_;
        return true;
    }

    void note_refused() {
        pause_ = std::min(2 * pause_ + 1, kMostLeftOut);
        left_ = pause_;
    }

    void forget() { *this = RefusedRequests(); }

  private:
    std::size_t pause_ = 0; // requests to leave out after the last refusal
    std::size_t left_ = 0;  // those still to be left out
};

} // namespace ashlar::layout
