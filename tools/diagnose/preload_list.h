// SPDX-License-Identifier: MIT
// The value of LD_PRELOAD: libraries that the dynamic loader puts before all others, separated by blanks or
// colons. The first that defines malloc serves it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ashlar::diagnose {

std::vector<std::string> preload_entries(std::string_view value);

// The value with `library` in it, where its malloc is the one that is found first. That is before all others,
// but after runtimes of sanitizers, which end a program in which they are not the first. An entry for the
// same file goes. Throws std::invalid_argument if the path cannot be said in LD_PRELOAD.
std::string preload_with(const std::string& library, std::string_view value);

// The runtime of a sanitizer, by its name.
bool is_sanitizer(std::string_view entry);

} // namespace ashlar::diagnose
