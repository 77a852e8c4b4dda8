// SPDX-License-Identifier: MIT
//
// Writes a text of any length to a file or stream, without allocating. Collects the text in the caller's
// buffer. Writes when the buffer is full, and at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ashlar::observe {

class Output {
  public:
    // Returns false if some of the text was not written.
    using Write = bool (*)(void* to, std::string_view text);

    Output(std::span<char> buffer, Write write, void* to) : buffer_(buffer), write_(write), to_(to) {}

    Output& text(std::string_view words);
    Output& number(std::uint64_t value);
    Output& seconds(std::uint64_t nanoseconds); // writes a decimal fraction
    bool finish();                              // returns false if some of the text was not written

  private:
    std::span<char> buffer_;
    Write write_;
    void* to_;
    std::size_t length_ = 0;
    bool written_ = true;
};

// Writes to the file descriptor that `to` points to.
bool write_to_descriptor(void* to, std::string_view text);

// A mapped buffer, with which most texts need one write. Without memory it is 256 bytes on the stack.
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
