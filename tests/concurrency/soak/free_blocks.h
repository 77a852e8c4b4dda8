// SPDX-License-Identifier: MIT
//
// Checks the heap in a forked child. Another thread may have been changing a bin during the fork, if fork did
// not wait for its lock. Such a bin counts too many or too few free blocks. It gives one out twice, crashes,
// or searches for ever for a missing block.
#pragma once

#include "common/model.h"

#include <cstddef>

namespace soak {

// For a forked child, from one thread at a time. Takes the free blocks and some more, of every class or only
// of the class of size `only`. Requires that they overlap neither each other nor the model's blocks, and
// releases them. Ends the process by SIGXCPU after seconds of processor time. The caller has a place.
void check_free_blocks(const common::Model& model, std::size_t only = 0);

} // namespace soak
