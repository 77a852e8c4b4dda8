// SPDX-License-Identifier: MIT
//
// Memory that runs out and becomes available again.
#pragma once

#include "common/random.h"

namespace soak {

// Lowers this process's limit on addresses or on writable memory to little more than its current use. Two
// threads take all memory again and again. Then the limit is raised a little, once more, and altogether: all
// requests are served again. For forked children.
void meet_limit(common::Random& random);

} // namespace soak
