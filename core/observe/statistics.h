// SPDX-License-Identifier: MIT
//
// What the heap holds, gathered from the layers below. Costs the fast paths nothing: what the program holds
// is what left the slabs less what the thread caches hold.
#pragma once

#include <ashlar/ashlar.h>

namespace ashlar::observe {

// Thread-safe; see struct ashlar_statistics for what the figures mean and how exact they are.
ashlar_statistics gather();

// The same as lines of text, "name value", on stderr.
void print(const ashlar_statistics& statistics);

} // namespace ashlar::observe
