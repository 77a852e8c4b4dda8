// SPDX-License-Identifier: MIT
// One program under every allocator, for people: what was measured, one line an allocator, and what follows
// from it in words.
#pragma once

#include "compare/result.h"

#include <string>

namespace ashlar::report {

std::string program_text(const compare::Experiment& experiment, const compare::Result& result, bool colour);

} // namespace ashlar::report
