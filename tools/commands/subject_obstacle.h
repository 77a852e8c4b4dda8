// SPDX-License-Identifier: MIT
// Why nothing can be told about a process, and what to do.
#pragma once

#include "observe/snapshot.h"

#include <optional>
#include <string>

namespace ashlar::commands {

// That there is none of this number, and where to look for others.
std::string no_process(pid_t process);

// A sentence, or nothing if there is something to tell.
std::optional<std::string> obstacle(const observe::Subject& subject);

} // namespace ashlar::commands
