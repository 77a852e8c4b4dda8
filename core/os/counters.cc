// SPDX-License-Identifier: MIT
#include "os/counters.h"

namespace ashlar::os {

constinit Counters counters;

} // namespace ashlar::os
