// SPDX-License-Identifier: MIT
// The settings of a library of Ashlar's. Only the library knows them: a program is started with it, and what
// it says is read.
#pragma once

#include <string>
#include <vector>

namespace ashlar::diagnose {

// What it says of the first mistake in a text such as ASHLAR_CONF has it: "unknown key 'x'; did you mean
// 'y'?". Empty if there is none.
std::string mistake_in_settings(const std::string& settings, const std::string& library);

struct Setting {
    std::string key;
    std::string value;                  // that it has by default; may be empty
    std::vector<std::string> choices{}; // the values that there are, if they are words
};
std::vector<Setting> settings_of(const std::string& library);

} // namespace ashlar::diagnose
