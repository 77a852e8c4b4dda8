// SPDX-License-Identifier: MIT
// How fast a program allocates, as far as it shows: by what flows from slabs into thread caches. What is
// freed and handed out again within a cache leaves no trace, so these are bounds from below.
#pragma once

#include "observe/heap_reading.h"

#include <vector>

namespace ashlar::observe {

struct Rates {
    double refills = 0; // a second
    double flushes = 0;
    double bytes = 0;               // a second, into caches; an estimate
    std::vector<double> by_class{}; // likewise
};
Rates rates_between(const HeapReading& before, const HeapReading& now, double seconds);

} // namespace ashlar::observe
