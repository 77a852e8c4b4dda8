// SPDX-License-Identifier: MIT
//
// A short text for a person, built without allocating and written with one system call.
//
// Misuse reports, warnings and statistics use this class, where neither stdio nor malloc may be called. A
// message that outgrows its buffer is cut, never lost. The functions are safe in signal handlers and under
// any lock. Threads share no message.
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
    // Appends foreign text between quotes, as in C source: bytes that are not printable ASCII become \xNN. An
    // ellipsis replaces the rest after kMostQuoted bytes.
    Message& quoted(std::string_view words);
    Message& number(std::uint64_t value);
    Message& address(const void* where); // appends 0x…

    std::string_view view() const { return {buffer_, length_}; }
    void write_to(int descriptor) const; // keeps errno; ignores errors

  private:
    char buffer_[kCapacity];
    std::size_t length_ = 0;
};

// Writes "ashlar: ", the message and a newline to stderr. Cuts a message that does not fit.
void warn(const Message& message);

// Ends the process. Writes at most 256 bytes of the message, with the program, process and thread. `advice`
// follows on a second line, unless it is empty; at most 160 bytes. Then calls abort().
//
// Cancellation does not interrupt the writes. A full pipe gets 1 s of time. If stderr is closed, the text
// goes to the terminal. Tests put their own function in place of this one.
[[noreturn, gnu::visibility("hidden")]] void fatal(const Message& message,
                                                   std::string_view advice = {}) asm("ashlar_fatal");

} // namespace ashlar::os
