// SPDX-License-Identifier: MIT
//
// The stack of whoever asked for memory, in one of a few buffers: a thread's own stack may be too small.
// Whoever is killed or leaves a signal handler by a jump while it has a buffer keeps it.
#pragma once

#include <cstdint>

namespace ashlar::observe {

class CallerStack {
  public:
    static constexpr unsigned kMostFrames = 96;

    CallerStack();
    ~CallerStack();
    CallerStack(const CallerStack&) = delete;
    CallerStack& operator=(const CallerStack&) = delete;

    // Return addresses, innermost first; those in this library are left out. False if there is no buffer.
    bool unwind();
    // Those of the code that a signal interrupted, whatever it belongs to; see observe::unwind_from().
    bool unwind_from(const void* context);
    // Some of them are in this library, as malloc: false where the program and it are one object.
    bool leads_through_library() const;
    const std::uintptr_t* frames() const { return frames_; }
    unsigned count() const { return count_; }

    // In a forked child: the threads that had buffers are gone.
    static void survive_fork();

  private:
    unsigned buffer_;
    unsigned count_ = 0;
    const std::uintptr_t* frames_ = nullptr;
};

} // namespace ashlar::observe
