// SPDX-License-Identifier: MIT
#include "cache/kept_runs.h"

#include <algorithm>

namespace ashlar::cache {

KeptRuns::Kept KeptRuns::remove(unsigned index) {
    const Kept run = runs_[index];
    std::copy(runs_.begin() + index + 1, runs_.begin() + count_, runs_.begin() + index);
    --count_;
    slices_.store(static_cast<std::uint32_t>(slices() - run.slices), std::memory_order_relaxed);
    return run;
}

layout::Slice KeptRuns::take(std::size_t slices, os::Node node) {
    if (slices > kMostSlices) return 0; // never kept
    if (asked_[slices] != 2 * kOften) ++asked_[slices];
    for (unsigned i = count_; i-- != 0;) {
        if (runs_[i].slices == slices && runs_[i].node == node) return remove(i).first;
    }
    return 0;
}

void KeptRuns::add(Kept run) {
    runs_[count_++] = run;
    slices_.store(static_cast<std::uint32_t>(slices() + run.slices), std::memory_order_relaxed);
}

void KeptRuns::forget() {
    for (std::uint8_t& asked : asked_)
        asked = static_cast<std::uint8_t>(asked / 2);
}

void KeptRuns::reset() {
    slices_.store(0, std::memory_order_relaxed);
    count_ = 0;
    asked_.fill(0);
}

} // namespace ashlar::cache
