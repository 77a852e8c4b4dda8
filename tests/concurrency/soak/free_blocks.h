// SPDX-License-Identifier: MIT
//
// The heap as a forked child finds it. Another thread may have been changing a bin when the process was
// forked, and fork did not wait for its lock. Such a bin counts more or fewer free blocks than it has. It
// hands one out twice, crashes, or looks for ever for a block that is not there.
#pragma once

#include "common/model.h"

#include <cstddef>

namespace soak {

// For a forked child, from one thread at a time. Takes the blocks that are free, and some more, of every
// class, or only of that of a size. Requires that they overlap neither each other nor what the model holds,
// and releases them. Ends the process by SIGXCPU if that takes seconds of processor time. Whoever calls it
// has a place.
void check_free_blocks(const common::Model& model, std::size_t only = 0);

} // namespace soak
