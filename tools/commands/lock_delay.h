// SPDX-License-Identifier: MIT
// `--delay SITE=+TIME`: which code of which file is meant, as settings for the lock profiler.
#pragma once

#include <string>

namespace ashlar::commands {

// "delay:1ms@/usr/bin/server+0x1234-0x1240,delay:…". `program` is the command's first word. Throws
// std::invalid_argument, with a sentence that says what to do, if nothing is found.
std::string delay_settings(const std::string& delay, const std::string& program);

} // namespace ashlar::commands
