// SPDX-License-Identifier: MIT
//
// Near a limit the kernel refuses the heap more memory, and the fallback serves. Each request would ask the
// kernel again, in vain: a program that filled 700 MiB with blocks of 48 bytes made 19 million system calls. So
// the heap leaves out one try after the first refusal, twice as many after each further one, until it grows or
// has made room itself.
//
// Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>

namespace ashlar::layout {

class RefusedGrowth {
  public:
    static constexpr std::size_t kMostLeftOut = 255; // in a row

    // Of a try to open so many superslabs.
    bool leave_out(std::size_t superslabs) {
        if (superslabs < least_ || left_ == 0) return false;
        --left_;
        return true;
    }

    void note_refused(std::size_t superslabs) {
        least_ = std::min(least_, superslabs);
        pause_ = std::min(2 * pause_ + 1, kMostLeftOut);
        left_ = pause_;
    }

    void forget() { *this = RefusedGrowth(); }

  private:
    std::size_t least_ = ~std::size_t{0}; // superslabs that were refused
    std::size_t pause_ = 0;               // tries to leave out, at the last refusal
    std::size_t left_ = 0;                // of them, those still to be left out
};

} // namespace ashlar::layout
