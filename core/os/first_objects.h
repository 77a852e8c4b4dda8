// SPDX-License-Identifier: MIT
//
// The program and the libraries that the dynamic loader loaded before any code of the program ran. dlclose
// never unloads them, so facts about their code stay valid.
#pragma once

#include <cstddef>
#include <link.h>

namespace ashlar::os {

// Remembers those objects, at start, while there is one thread. Finds none if this library was loaded later.
void remember_first_objects();

// Returns the object's number among the first objects, or kNotFirst. At most kMostFirstObjects are
// remembered, so further first objects give kNotFirst too. Async-signal-safe.
inline constexpr std::size_t kMostFirstObjects = 64;
inline constexpr std::size_t kNotFirst = kMostFirstObjects;
std::size_t first_object_number(const link_map* object);

} // namespace ashlar::os
