// SPDX-License-Identifier: MIT
//
// Runs one input in a child and classifies the result. The child is forked from a process that has done
// nothing yet, so all inputs start from the same heap. The child's damage does not reach the parent.
#pragma once

#include "input.h"
#include "record.h"

#include <array>

namespace misuse {

enum class Result : std::uint8_t {
    kReported,  // the allocator wrote to stderr
    kCrashed,   // ended by a signal, without a message
    kCorrupted, // continued, and blocks of the program were damaged
    kHarmless,  // continued without damage
    kHung,      // did not end within the time limit
    kSkipped,   // the misuse was impossible
    kBroken,    // ended before the misuse: a fault of the allocator or of this program
};
inline constexpr std::array<const char*, 7> kResultNames{"reported", "crashed", "corrupted", "harmless",
                                                         "hung",     "skipped", "broken"};
inline constexpr std::array<const char*, 4> kMomentNames{"before", "call", "later", "exit"};

struct Verdict {
    Result result;
    Moment moment;     // how far the child came
    bool damaged;      // blocks were damaged, whatever happened later
    char message[200]; // the allocator's first line, otherwise the damage
};

class Judge {
  public:
    explicit Judge(unsigned limit_seconds);
    Verdict judge(const Input& input);

  private:
    void watch(int child);
    Result result() const;

    const unsigned limit_seconds_;
    Record* const record_; // shared with the child
    const int errors_;     // the child's stderr, a memory file
    char words_[200] = {}; // its first line
    bool hung_ = false;
    int status_ = 0;
};

} // namespace misuse
