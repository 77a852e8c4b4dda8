// SPDX-License-Identifier: MIT
//
// Near a limit the kernel refuses the heap more memory, and the fallback serves. Each block would make the
// heap ask again, in vain. A program that filled 700 MiB with blocks of 48 bytes made 28 million system
// calls. So one request is left out after the first refusal, and twice as many after each further one. That
// ends when something is granted or the heap has made room itself.
//
// Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>

namespace ashlar::layout {

class RefusedRequests {
  public:
    static constexpr std::size_t kMostLeftOut = 255; // in a row

    bool leaves_out() const { return left_ != 0; }
    // Likewise, and counts the request.
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
    std::size_t pause_ = 0; // requests to leave out, at the last refusal
    std::size_t left_ = 0;  // of them, those still to be left out
};

} // namespace ashlar::layout
