// SPDX-License-Identifier: MIT
#include "guard/waiting_runs.h"

#include "guard/secret.h"

#include <algorithm>

namespace ashlar::guard {

namespace {

constinit os::Mutex<os::Rank::kQuarantine> lock;

} // namespace

constinit std::atomic<std::size_t> WaitingRuns::bytes_of_all{0};

os::Mutex<os::Rank::kQuarantine>& WaitingRuns::mutex() {
    return lock;
}

void WaitingRuns::note(std::size_t change) {
    bytes_.store(bytes() + change, std::memory_order_relaxed);
    bytes_of_all.store(bytes_of_all.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
}

bool WaitingRuns::put(const WaitingRun& run) {
    const os::Guard guard(lock);
    if (count_ == runs_.size()) return false;
    runs_[count_++] = run;
    note(run.size);
    return true;
}

WaitingRun WaitingRuns::take_excess(std::size_t most, std::uint32_t spared) {
    const os::Guard guard(lock);
    if (count_ <= spared || (count_ <= kMostRuns && bytes() <= most)) return {};
    return take(start_random().below(count_ - spared));
}

WaitingRun WaitingRuns::take_fitting(std::size_t enough, std::size_t size, std::size_t front) {
    if (bytes() < enough) return {};
    const os::Guard guard(lock);
    std::uint32_t chosen = count_;
    std::uint32_t fitting = 0;
    for (std::uint32_t i = 0; i < count_; ++i) {
        if (runs_[i].size == size && runs_[i].front == front && start_random().below(++fitting) == 0) {
            chosen = i;
        }
    }
    return chosen == count_ ? WaitingRun{} : take(chosen);
}

WaitingRun WaitingRuns::take_last() {
    const os::Guard guard(lock);
    return count_ == 0 ? WaitingRun{} : take(count_ - 1);
}

WaitingRun WaitingRuns::take(std::uint32_t number) {
    const WaitingRun taken = runs_[number];
    std::copy(&runs_[number + 1], &runs_[count_], &runs_[number]);
    --count_;
    note(0 - taken.size);
    return taken;
}

} // namespace ashlar::guard
