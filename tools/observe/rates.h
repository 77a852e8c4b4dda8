// SPDX-License-Identifier: MIT
// A lower bound of a program's allocation rate, from the flow from slabs into thread caches. Blocks that are
// freed and reused within a cache leave no trace.
#pragma once

#include "observe/heap_reading.h"

#include <vector>

namespace ashlar::observe {

struct Rates {
    double refills = 0; // per second
    double flushes = 0;
    double bytes = 0;               // per second, into caches; an estimate
    std::vector<double> by_class{}; // bytes per second by class
};
Rates rates_between(const HeapReading& before, const HeapReading& now, double seconds);

} // namespace ashlar::observe
