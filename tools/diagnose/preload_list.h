// SPDX-License-Identifier: MIT
// The value of LD_PRELOAD: libraries that the dynamic loader loads before all others, separated by blanks or
// colons. The first one that defines malloc serves the program.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ashlar::diagnose {

std::vector<std::string> preload_entries(std::string_view value);

// Returns the value with `library` placed where its malloc is found first. That is in front, but behind
// runtimes of sanitizers, which end a program if they are not first. Removes other entries for the same file.
// Throws std::invalid_argument if LD_PRELOAD cannot express the path.
std::string preload_with(const std::string& library, std::string_view value);

// Returns whether the entry is named like a sanitizer's runtime.
bool is_sanitizer(std::string_view entry);

} // namespace ashlar::diagnose
