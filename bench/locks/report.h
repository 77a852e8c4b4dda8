// SPDX-License-Identifier: MIT
// What a run says about itself: lines for people, of which `ashlar bench locks` reads the figures, and JSON
// with the exact counts of each lock.
#pragma once

#include "locks/run.h"

#include <cstdio>
#include <string>

namespace bench::locks {

// The last line is the throughput.
void print_text(std::FILE* to, const std::string& type, Run& run);

void print_json(std::FILE* to, const std::string& type, Run& run);

} // namespace bench::locks
