// SPDX-License-Identifier: MIT
// `--delay SITE=+TIME`: translates a place in the code into settings for the lock profiler.
#pragma once

#include <string>

namespace ashlar::commands {

// Returns "delay:1ms@/usr/bin/server+0x1234-0x1240,delay:…". `program` is the command's first word. Throws
// std::invalid_argument, with a sentence that says what to do, if no code is found.
std::string delay_settings(const std::string& delay, const std::string& program);

} // namespace ashlar::commands
