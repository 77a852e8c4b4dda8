// SPDX-License-Identifier: MIT
//
// Plays one input in a child of its own and says what came of it. The child is forked from a process that has
// done nothing yet, so that all inputs start from the same heap. What it does to itself stays there.
#pragma once

#include "input.h"
#include "record.h"

#include <array>

namespace misuse {

enum class Result : std::uint8_t {
    kReported,  // the allocator said something on stderr
    kCrashed,   // ended by a signal without a word
    kCorrupted, // went on, and blocks of the program suffered
    kHarmless,  // went on, and nothing else happened
    kHung,      // did not end within the limit
    kSkipped,   // could not be done
    kBroken,    // ended before anything wrong was done: a fault of the allocator or of this program
};
inline constexpr std::array<const char*, 7> kResultNames{"reported", "crashed", "corrupted", "harmless",
                                                         "hung",     "skipped", "broken"};
inline constexpr std::array<const char*, 4> kMomentNames{"before", "call", "later", "exit"};

struct Verdict {
    Result result;
    Moment moment;     // how far the child got
    bool damaged;      // blocks suffered, whatever came afterwards
    char message[200]; // the first line that the allocator said; else what was damaged
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
    const int errors_;     // the child's stderr, a file in memory
    char words_[200] = {}; // the first line of it
    bool hung_ = false;
    int status_ = 0;
};

} // namespace misuse
