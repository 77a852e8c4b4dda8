// SPDX-License-Identifier: MIT
//
// The program and libraries that the dynamic loader brought in before anything of the program ran. dlclose
// never unloads them, so that what was learnt of their code stays true.
#pragma once

#include <cstddef>
#include <link.h>

namespace ashlar::os {

// At start, while there is one thread. Remembers none if this library was itself loaded later.
void remember_first_objects();

// Which of them it is; kNotFirst for others, and for some of them, too: only so many are remembered.
// Async-signal-safe.
inline constexpr std::size_t kMostFirstObjects = 64;
inline constexpr std::size_t kNotFirst = kMostFirstObjects;
std::size_t first_object_number(const link_map* object);

} // namespace ashlar::os
