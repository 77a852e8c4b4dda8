// SPDX-License-Identifier: MIT
// Leaks that are known and not to be shown, in the format of LeakSanitizer: lines "leak:PATTERN". A leak is
// suppressed if the function, source file or library of one of its frames holds the pattern. In a pattern `*`
// stands for anything, `^` at its front and `$` at its end for the name's ends; `#` begins a comment.
//
// What the C and C++ libraries keep until the end is always suppressed: every program would have these leaks.
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
    // Throws std::invalid_argument, with a sentence that names the line, for what is no suppression. Those of
    // other sanitizers ("race:...") may stand in the same file.
    explicit Suppressions(std::string_view text);

    bool match(const NamedStack& stack, const Frames& frames) const;

  private:
    std::vector<std::string> patterns_;
};

// Throws likewise, and if the file cannot be read.
Suppressions read_suppressions(const std::filesystem::path& file);

} // namespace ashlar::profile
