// SPDX-License-Identifier: MIT
// Known leaks that are not shown, in the format of LeakSanitizer: lines "leak:PATTERN". A leak is suppressed
// if the function, source file or library of one of its frames contains the pattern. In a pattern, `*` stands
// for any text, and `^` and `$` for the beginning and end of the name. `#` begins a comment.
//
// Memory that the C and C++ libraries keep until the end is always suppressed: every program has these leaks.
#pragma once

#include "profile/names.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ashlar::profile {

class Suppressions {
  public:
    Suppressions() = default;
    // Throws std::invalid_argument with a sentence that names the line if a line is no suppression. Accepts
    // and skips suppressions for other sanitizers ("race:...").
    explicit Suppressions(std::string_view text);

    bool match(const NamedStack& stack, const Frames& frames) const;

  private:
    std::vector<std::string> patterns_;
};

// Throws std::invalid_argument also if the file cannot be read.
Suppressions read_suppressions(const std::filesystem::path& file);

} // namespace ashlar::profile
