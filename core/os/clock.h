// SPDX-License-Identifier: MIT
//
// A clock that is cheap to look at and a few milliseconds coarse.
#pragma once

#include <cstdint>

namespace ashlar::os {

std::uint64_t
coarse_milliseconds(); // since some fixed moment; monotonic; no system call where there is a vDSO

} // namespace ashlar::os
