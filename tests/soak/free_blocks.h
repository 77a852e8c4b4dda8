// SPDX-License-Identifier: MIT
//
// The heap as a forked child finds it. A bin that another thread was changing when the process was forked,
// and whose lock fork did not wait for, counts more or fewer free blocks than it has: it hands one out twice,
// crashes, or looks for ever for a block that is not there.
#pragma once

#include "model.h"

#include <cstddef>

namespace soak {

// For a forked child, from one thread at a time: takes of every class, or only of that of a size, the blocks
// that are free, and some more, requires that they overlap neither each other nor what the model holds, and
// releases them. Ends the process by SIGXCPU if that takes seconds of processor time. Whoever calls it has a
// place.
void check_free_blocks(const stress::Model& model, std::size_t only = 0);

} // namespace soak
