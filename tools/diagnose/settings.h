// SPDX-License-Identifier: MIT
// The settings of a library of Ashlar. Only the library knows them, so this runs a program with it and reads
// the output.
#pragma once

#include <string>
#include <vector>

namespace ashlar::diagnose {

// Returns the complaint about the first mistake in `settings` (in the form of ASHLAR_CONF): "unknown key 'x';
// did you mean 'y'?". Returns an empty string if there is none.
std::string mistake_in_settings(const std::string& settings, const std::string& library);

struct Setting {
    std::string key;
    std::string value;                  // by default; may be empty
    std::vector<std::string> choices{}; // valid values, if they are words
};
std::vector<Setting> settings_of(const std::string& library);

} // namespace ashlar::diagnose
