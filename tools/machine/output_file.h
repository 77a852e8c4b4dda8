// SPDX-License-Identifier: MIT
// A file that is written as a whole. What was there stays until the new text is complete beside it
// (FILE.part), which then takes its place. A device or a pipe is written to as it is, and "-" is the standard
// output.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>

namespace ashlar::machine {

inline constexpr const char* kStandardOutput = "-";

class OutputFile {
  public:
    // Throws std::runtime_error, with a sentence that names it, if it cannot be written to.
    explicit OutputFile(std::string path);
    ~OutputFile();
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    // Throws std::runtime_error likewise; a file is then as it was.
    void write(const std::function<void(std::ostream&)>& text) const;

    // Whether writing once more puts the new text in the place of the old one.
    bool is_replaced() const { return is_replaced_; }

  private:
    const std::string& target() const { return is_replaced_ ? beside_ : path_; }
    [[noreturn]] void fail() const;

    std::string path_;
    std::string beside_;
    bool is_replaced_;
};

} // namespace ashlar::machine
