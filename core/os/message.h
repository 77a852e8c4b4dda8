// SPDX-License-Identifier: MIT
//
// One line of text for a person, built without allocating and written with one system call.
//
// Used for misuse reports, warnings and statistics: situations in which neither stdio nor malloc may be
// touched. A message that outgrows its buffer is cut; it is never lost. Safe in signal handlers and under
// any lock; no object is shared between threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ashlar::os {

class Message {
  public:
    static constexpr std::size_t kCapacity = 768;
    static constexpr std::size_t kMostQuoted = 64;

    Message& text(std::string_view words);
    // What somebody else wrote, as in C source: between quotes, other than printable ASCII as \xNN. After
    // kMostQuoted bytes there is an ellipsis instead of the rest.
    Message& quoted(std::string_view words);
    Message& number(std::uint64_t value);
    Message& address(const void* where); // as 0x…

    std::string_view view() const { return {buffer_, length_}; }
    void write_to(int descriptor) const; // keeps errno; a failing descriptor is ignored

  private:
    char buffer_[kCapacity];
    std::size_t length_ = 0;
};

// Writes "ashlar: " and a newline around the message, on stderr; a message too long for both is cut.
void warn(const Message& message);

// The end of the process. Writes the message, which is cut after 256 bytes, with the program, the process and
// the thread. A second line has the advice, if there is one, of at most 160 bytes. Then calls abort().
//
// The words get through if anything can. No cancellation interrupts them, a full pipe gets a second of time,
// and if stderr is closed they go to the terminal. Tests put their own in its place.
[[noreturn, gnu::visibility("hidden")]] void fatal(const Message& message,
                                                   std::string_view advice = {}) asm("ashlar_fatal");

} // namespace ashlar::os
