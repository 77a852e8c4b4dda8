// SPDX-License-Identifier: MIT
//
// A text of any length on its way to a file or stream, without allocating. It is collected in a buffer of the
// caller's, and written when that is full and at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ashlar::observe {

class Output {
  public:
    // False if it could not be written as a whole.
    using Write = bool (*)(void* to, std::string_view text);

    Output(std::span<char> buffer, Write write, void* to) : buffer_(buffer), write_(write), to_(to) {}

    Output& text(std::string_view words);
    Output& number(std::uint64_t value);
    Output& seconds(std::uint64_t nanoseconds); // as a decimal fraction
    bool finish();                              // false if some of it was not written

  private:
    std::span<char> buffer_;
    Write write_;
    void* to_;
    std::size_t length_ = 0;
    bool written_ = true;
};

// To the file descriptor that `to` points to.
bool write_to_descriptor(void* to, std::string_view text);

// Memory of its own for a text, so that most are written at once; a few bytes of the stack if there is none.
class TextBuffer {
  public:
    TextBuffer();
    ~TextBuffer();
    TextBuffer(const TextBuffer&) = delete;
    TextBuffer& operator=(const TextBuffer&) = delete;

    std::span<char> bytes() { return mapped_ != nullptr ? std::span(mapped_, kMapped) : std::span(few_); }

  private:
    static constexpr std::size_t kMapped = std::size_t{256} << 10;

    char* mapped_;
    char few_[256];
};

} // namespace ashlar::observe
