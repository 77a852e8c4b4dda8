// SPDX-License-Identifier: MIT
// One program under every allocator, for people: a line of figures per allocator, and the verdict in words.
#pragma once

#include "compare/result.h"
#include "report/text_table.h"

#include <string>

namespace ashlar::report {

std::string program_text(const compare::Experiment& experiment, const compare::Result& result,
                         const TextSettings& settings);

} // namespace ashlar::report
