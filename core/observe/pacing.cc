// SPDX-License-Identifier: MIT
#include "observe/pacing.h"

#include <algorithm>

namespace ashlar::observe {

namespace {

// Longest mean distance, bytes. There a request of a size class is unlikely to be a sample in years.
constexpr std::size_t kLongest = std::size_t{1} << 40;
// Largest factors of one change of distance. A window says little about a window that differs more. Bytes
// behind the last sample have no sample, so they must be a small part of what a window's samples stand for.
constexpr double kMostStretch = 6;
constexpr double kMostShrink = 16;

} // namespace

void Pacing::begin(std::size_t least, std::size_t first, std::size_t percent) {
    least_ = std::max<std::size_t>(least, 1);
    percent_ = least_ == 1 || percent >= 100 ? 0 : static_cast<std::uint32_t>(percent);
    distance_ = is_bounded() ? std::clamp(first, least_, std::max(least_, kLongest)) : least_;
    began_ = 0;
    processor_began_ = 0;
    samples_ = 0;
}

// Only the allocation is measured. With its release and the program's cache misses a sample costs two and a
// half times as much. That is 2.5 us where random_mixed has a sample every 7 MiB. Samples that read the
// program's mappings cost far more, so one measurement has little weight.
void Pacing::measured(std::uint64_t nanoseconds) {
    const std::uint64_t whole = std::min(2 * nanoseconds + nanoseconds / 2, 4 * cost_);
    cost_ = std::max<std::uint64_t>((3 * cost_ + whole) / 4, 1);
}

bool Pacing::is_over(std::uint64_t now) const {
    return is_bounded() && (samples_ >= kWindow || (is_stretched() && now - began_ >= kLongWindow));
}

// The program took `rest` ns for every `cost` ns of samples at the present distance. Samples cost a share s
// of the whole at the distance where cost / (cost + rest) = s.
void Pacing::choose(std::uint64_t now, std::uint64_t processor_time) {
    if (processor_began_ != 0 && processor_time > processor_began_) {
        const double cost = static_cast<double>(cost_) * (samples_ + 0.5);
        const double rest = std::max(static_cast<double>(processor_time - processor_began_) - cost, 1.0);
        const double share = percent_ / 100.0;
        const double factor = std::clamp(cost / rest * (1 - share) / share, 1 / kMostShrink, kMostStretch);
        const double most = static_cast<double>(std::max(least_, kLongest));
        distance_ = static_cast<std::size_t>(
            std::clamp(static_cast<double>(distance_) * factor, static_cast<double>(least_), most));
    }
    began_ = now;
    processor_began_ = processor_time;
    samples_ = 0;
}

} // namespace ashlar::observe
