// SPDX-License-Identifier: MIT
#include "observe/rates.h"

#include <algorithm>

namespace ashlar::observe {

Rates rates_between(const HeapReading& before, const HeapReading& now, double seconds) {
    Rates rates;
    rates.by_class.resize(now.classes.size());
    if (seconds <= 0 || before.classes.size() != now.classes.size()) {
        return rates;
    }
    // Counters may seem to decrease for a moment when a thread ends during the reading.
    const auto difference = [](std::uint64_t from, std::uint64_t to) {
        return static_cast<double>(to - std::min(from, to));
    };
    for (std::size_t c = 1; c < now.classes.size(); ++c) {
        const ClassReading& row = now.classes[c];
        const double refills = difference(before.classes[c].refills, row.refills) / seconds;
        rates.refills += refills;
        rates.flushes += difference(before.classes[c].flushes, row.flushes) / seconds;
        rates.by_class[c] = refills * row.batch * static_cast<double>(row.size);
        rates.bytes += rates.by_class[c];
    }
    return rates;
}

} // namespace ashlar::observe
