// SPDX-License-Identifier: MIT
#pragma once

#include <fstream>
#include <string>
#include <sys/types.h>

namespace unit {

// Returns whether a thread of this process is neither running nor ready to run, according to the kernel.
inline bool asleep(pid_t thread) {
    std::ifstream stat("/proc/self/task/" + std::to_string(thread) + "/stat");
    std::string text;
    std::getline(stat, text);
    const auto name_end = text.rfind(") ");
    return name_end != std::string::npos && text[name_end + 2] == 'S';
}

} // namespace unit
