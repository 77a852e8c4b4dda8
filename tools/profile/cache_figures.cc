// SPDX-License-Identifier: MIT
#include "profile/cache_figures.h"

#include <algorithm>

namespace ashlar::profile {

namespace {

class Rows {
  public:
    explicit Rows(const Recording& recording) : recording_(recording) {}

    // Returns the growth of column `name` from the first row to the last, or nothing without that column.
    std::optional<std::uint64_t> growth(const char* name) const {
        const auto& names = recording_.count_names;
        const auto found = std::find(names.begin(), names.end(), name);
        if (found == names.end()) {
            return std::nullopt;
        }
        const auto column = static_cast<std::size_t>(found - names.begin());
        const std::uint64_t before = recording_.counts.front().values[column];
        return recording_.counts.back().values[column] -
               std::min(before, recording_.counts.back().values[column]);
    }

  private:
    const Recording& recording_;
};

double rate_of_hits(double refills, double requests) {
    return requests > 0 ? std::clamp(1 - refills / requests, 0.0, 1.0) : 0;
}

} // namespace

std::optional<statistics::Interval> CacheFigures::hit_interval() const {
    if (!(requests.value > 0)) {
        return std::nullopt;
    }
    const statistics::Interval interval = requests.interval();
    const auto misses = static_cast<double>(refills);
    return statistics::Interval{.low = rate_of_hits(misses, interval.low),
                                .high = rate_of_hits(misses, interval.high)};
}

std::optional<double> CacheFigures::hit_rate() const {
    return requests.value > 0 ? std::optional(rate_of_hits(static_cast<double>(refills), requests.value))
                              : std::nullopt;
}

double CacheFigures::fallback_rate() const {
    const double calls = static_cast<double>(fallback_calls);
    return calls > 0 ? calls / (calls + all_requests.value) : 0;
}

std::optional<CacheFigures> cache_figures(const Recording& recording) {
    if (recording.counts.size() < 2) {
        return std::nullopt;
    }
    const Rows rows(recording);
    const auto refills = rows.growth("refills");
    const auto fallback_calls = rows.growth("fallback_calls");
    if (!refills || !fallback_calls) {
        return std::nullopt;
    }
    const std::uint64_t begin = recording.counts.front().time;
    const std::uint64_t end = recording.counts.back().time;
    CacheFigures figures{.seconds = static_cast<double>(end - std::min(begin, end)) * 1e-9,
                         .refills = *refills,
                         .fallback_calls = *fallback_calls};
    for (const Sample& sample : recording.samples) {
        if (sample.time >= begin && sample.time <= end) {
            figures.all_requests.add(sample.blocks, sample.blocks);
            if (sample.size <= kLargestCached) {
                figures.requests.add(sample.blocks, sample.blocks);
            }
        }
    }
    if (const std::uint64_t counted = rows.growth("allocations").value_or(0); counted > 0) {
        figures.is_counted = true;
        figures.requests = {.value = static_cast<double>(counted), .variance = 0};
        figures.refill_seconds = static_cast<double>(rows.growth("refill_ns").value_or(0)) * 1e-9;
    }
    return figures;
}

} // namespace ashlar::profile
