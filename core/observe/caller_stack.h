// SPDX-License-Identifier: MIT
//
// The stack of the thread that asked for memory, in one of 16 buffers: the thread's own stack may be too
// small. A thread that is killed, or jumps out of a signal handler, while it has a buffer never frees it.
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

    // Takes return addresses outside of this library, innermost first. Returns false if there is no buffer.
    bool unwind();
    // Takes all addresses of the code that a signal interrupted; see observe::unwind_from().
    bool unwind_from(const void* context);
    // Returns whether a frame is in this library. False if the program and the library are one object.
    bool leads_through_library() const;
    const std::uintptr_t* frames() const { return frames_; }
    unsigned count() const { return count_; }

    // Frees all buffers in a forked child, because the threads that had them are gone.
    static void survive_fork();

  private:
    unsigned buffer_;
    unsigned count_ = 0;
    const std::uintptr_t* frames_ = nullptr;
};

} // namespace ashlar::observe
