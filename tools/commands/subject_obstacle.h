// SPDX-License-Identifier: MIT
// Why nothing can be told about a process, and what to do.
#pragma once

#include "observe/snapshot.h"

#include <optional>
#include <string>

namespace ashlar::commands {

// A sentence, or nothing if there is something to tell.
std::optional<std::string> obstacle(const observe::Subject& subject);

} // namespace ashlar::commands
