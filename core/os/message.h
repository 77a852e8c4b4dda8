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

// Warns, then ends the process by abort().
[[noreturn]] void fatal(const Message& message);

std::uint64_t thread_id(); // the kernel's number of this thread; a system call

} // namespace ashlar::os
