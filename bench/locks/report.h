// SPDX-License-Identifier: MIT
// Reports of a run: lines for people and `ashlar bench locks`, and JSON with the exact counts of each lock.
#pragma once

#include "locks/run.h"

#include <cstdio>
#include <string>

namespace bench::locks {

// Prints the throughput in the last line.
void print_text(std::FILE* to, const std::string& type, Run& run);

void print_json(std::FILE* to, const std::string& type, Run& run);

} // namespace bench::locks
