// SPDX-License-Identifier: MIT
// Why the memory of a process cannot be examined, and a remedy.
#pragma once

#include "observe/snapshot.h"

#include <optional>
#include <string>

namespace ashlar::commands {

// Returns a sentence: there is no process of this number, and where to look for others.
std::string no_process(pid_t process);

// Returns a sentence, or nothing if it can be examined.
std::optional<std::string> obstacle(const observe::Subject& subject);

} // namespace ashlar::commands
